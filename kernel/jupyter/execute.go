package jupyter

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"dtnotes/kernel/cell"
	"dtnotes/kernel/display"
)

// counter counts the cells that are kept in the history.
type counter struct {
	mu sync.Mutex
	n  int
}

// next returns the number of a cell, and counts it if it is kept.
func (c *counter) next(kept bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept {
		c.n++
		return c.n
	}
	return c.n + 1
}

func (c *counter) value() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// execution is the content of an execute_request.
type execution struct {
	Code            *string           `json:"code"`
	Silent          bool              `json:"silent"`
	StoreHistory    *bool             `json:"store_history"`
	UserExpressions map[string]string `json:"user_expressions"`
	AllowStdin      *bool             `json:"allow_stdin"`
	StopOnError     *bool             `json:"stop_on_error"`
}

// valueOr returns what p points to, and the protocol's default if the request does not say.
func valueOr(p *bool, standard bool) bool {
	if p == nil {
		return standard
	}
	return *p
}

func (e *execution) kept() bool { return !e.Silent && valueOr(e.StoreHistory, true) }

// execute runs one cell. It sends busy, execute_input, what the cell prints and shows, the result
// or an error, the reply, and idle.
func (k *kernel) execute(ctx context.Context, s *shell, r request) {
	// The cell was sent before the failure of another was known, and so was meant to run only after
	// that one's success.
	if s.tooLate(r) {
		k.abort(r)
		return
	}
	k.iopub.status(r.message, busy)
	defer k.iopub.status(r.message, idle)
	var e execution
	err := r.decode(&e)
	if err == nil && e.Code == nil {
		err = errors.New("execute_request has no code")
	}
	if err != nil {
		content := failure("request error", err.Error())
		content["execution_count"] = k.count.value()
		k.reply(r, "execute_reply", content)
		return
	}
	content, failed := k.runCell(ctx, r, &e)
	var stopped []request
	if failed && valueOr(e.StopOnError, true) {
		// The cells that wait are taken out before the reply: a cell that a front end sends once it
		// has seen the failure is meant to run, and does. They are answered after the reply, so
		// that the failure is seen first.
		stopped = s.fail()
	}
	k.reply(r, "execute_reply", content)
	k.abort(stopped...)
}

// runCell runs the cell of a request and returns the content of its reply.
func (k *kernel) runCell(ctx context.Context, r request, e *execution) (content map[string]any, failed bool) {
	number := k.count.next(e.kept())
	var out cell.Output = mute{}
	if !e.Silent {
		// Only the header is kept: goroutines of a cell may print for days, and the code need not
		// stay for that.
		out = output{k.iopub, &message{rawHeader: r.rawHeader}}
		k.iopub.publish("execute_input", r.message, map[string]any{"code": *e.Code, "execution_count": number})
	}
	if e.kept() {
		k.history.Input(number, *e.Code)
	}
	c := cell.Cell{Code: *e.Code, Number: number, Out: out}
	if valueOr(e.AllowStdin, true) {
		c.Input = k.stdin.ask(r)
	}
	res := k.eval(ctx, r, c)
	if res.Err != nil {
		content = k.cellFailed(r, res.Err, e.Silent)
	} else {
		content = k.cellDone(ctx, r, e, number, res)
	}
	content["execution_count"] = number
	if !e.kept() {
		// A cell that is not counted replies with the number of the last one that was.
		content["execution_count"] = number - 1
	}
	return content, res.Err != nil
}

func (k *kernel) cellDone(ctx context.Context, r request, e *execution, number int, res cell.Result) map[string]any {
	if !res.Bundle.Empty() {
		if e.kept() {
			k.history.Output(number, res.Bundle.Text())
		}
		if !e.Silent {
			data, metadata := res.Bundle.Encode()
			k.iopub.publish("execute_result", r.message, map[string]any{"data": data, "metadata": metadata, "execution_count": number})
		}
	}
	payload := []any{}
	if !res.Page.Empty() {
		data, _ := res.Page.Encode()
		payload = append(payload, map[string]any{"source": "page", "data": data, "start": 0})
	}
	if res.Exit {
		payload = append(payload, map[string]any{"source": "ask_exit", "keepkernel": false})
	}
	return map[string]any{"status": "ok", "payload": payload, "user_expressions": k.expressions(ctx, r, e, number)}
}

// errorContent is how an error of a cell goes into messages.
func errorContent(err *cell.Error) map[string]any {
	return map[string]any{"ename": err.Name, "evalue": err.Message, "traceback": err.Shown()}
}

func (k *kernel) cellFailed(r request, err *cell.Error, silent bool) map[string]any {
	content := errorContent(err)
	if !silent {
		k.iopub.publish("error", r.message, content)
	}
	content = errorContent(err)
	content["status"] = "error"
	content["payload"] = []any{}
	content["user_expressions"] = map[string]any{}
	return content
}

// expressions evaluates the user expressions of a request, each on its own: if one fails, its name
// gets the error, and the cell still succeeds, as the protocol wants it.
func (k *kernel) expressions(ctx context.Context, r request, e *execution, number int) map[string]any {
	results := make(map[string]any, len(e.UserExpressions))
	for name, code := range e.UserExpressions {
		res := k.eval(ctx, r, cell.Cell{Code: code, Number: number, Out: mute{}})
		if res.Err != nil {
			content := errorContent(res.Err)
			content["status"] = "error"
			results[name] = content
			continue
		}
		b := res.Bundle
		if b.Empty() {
			b = display.Bundle{Data: display.MIMEMap{display.MIMETypeText: ""}}
		}
		data, metadata := b.Encode()
		results[name] = map[string]any{"status": "ok", "data": data, "metadata": metadata}
	}
	return results
}

// eval runs code in the session, while other shells may run something, too. A panic of the
// evaluator itself becomes an error of the cell.
func (k *kernel) eval(ctx context.Context, r request, c cell.Cell) (res cell.Result) {
	ev, err := k.session.evaluator()
	if err != nil {
		return cell.Result{Err: &cell.Error{Name: "session error", Message: err.Error()}}
	}
	k.comms.during(r.message)
	if _, elsewhere := ev.(commEvaluator); !elsewhere {
		display.SetAsker(nil)
		if c.Input != nil {
			display.SetAsker(func(prompt string, password bool) (string, error) { return c.Input(ctx, prompt, password) })
		}
	}
	defer func() {
		if p := recover(); p != nil {
			k.log.Printf("evaluator: panic: %v\n%s", p, debug.Stack())
			res = cell.Result{Err: &cell.Error{Name: "internal error", Message: fmt.Sprint("the evaluator panicked: ", p)}}
		}
	}()
	return ev.Eval(ctx, c)
}

// abort answers cells that are not run because one before them failed.
func (k *kernel) abort(cells ...request) {
	for _, r := range cells {
		k.iopub.status(r.message, busy)
		// The reply has no number, since a front end would take it for that of the cell.
		k.reply(r, replyType(r.header.Type), map[string]any{"status": "aborted"})
		k.iopub.status(r.message, idle)
	}
}
