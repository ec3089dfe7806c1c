syscall::read:entry { printf("%s pid%d tid=%d/%dB\n", execname, pid, tid, arg2); }
