/* numbers in other bases, and decimal ones */
syscall::open:entry { printf("pid %d cpu %d mode=0%o %.2f ms\n", pid, cpu, arg2, this->ms); }
syscall::mmap:entry { printf("%5d %-16s addr 0x%p len 0x%x%%\n", pid, execname, arg0, arg1); }
