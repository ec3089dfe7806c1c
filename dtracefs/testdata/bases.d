/* numbers in other bases, decimal ones, and words that are glued to numbers */
syscall::open:entry { printf("pid%d cpu%dx mode=0%o %.2fms\n", pid, cpu, arg2, this->ms); }
syscall::mmap:entry { printf("%5d %-16s addr 0x%p len 0x%x%%\n", pid, execname, arg0, arg1); }
