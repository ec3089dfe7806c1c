"""The suite that Jupyter has for kernels."""

import jupyter_kernel_test as jkt


class TestKernel(jkt.KernelTests):
    kernel_name = "dtnotes"
    language_name = "go"
    file_extension = ".go"
    code_hello_world = 'import "fmt"\nfmt.Println("hello, world")'
    code_stderr = 'import ("fmt"; "os")\nfmt.Fprintln(os.Stderr, "test")'
    completion_samples = [{"text": "strings.ToUp", "matches": {"ToUpper", "ToUpperSpecial"}}, {"text": "fmt.Printl"}]
    complete_code_samples = ["1+1", "x := 5", 'import "fmt"', "func f() int { return 1 }"]
    incomplete_code_samples = ["func f() {", "if true {", "x := []int{1,", "s := `open"]
    invalid_code_samples = ["import = 7q", "func ) {"]
    code_page_something = "?strings.ToUpper"
    code_generate_error = 'panic("x")'
    code_execute_result = [{"code": "1+2+3", "result": "6"}, {"code": '"a" + "b"', "result": "ab"}]
    code_display_data = [
        {"code": 'display.Show(display.HTML("<b>x</b>"))', "mime": "text/html"},
        {"code": 'display.Show(display.Math("x^2"))', "mime": "text/latex"},
        {"code": "display.Show(plot.New())", "mime": "image/png"},
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "strings.ToUpper"
    code_clear_output = "display.Clear(false)"

    def skipTest(self, reason):
        raise AssertionError(f"nothing is left out here: {reason}")


class TestWelcome(jkt.IopubWelcomeTests):
    kernel_name = "dtnotes"
    support_iopub_welcome = True
