/*
 * Calls of read and write that succeeded, and their bytes, once a second.
 * A block is the wall clock in nanoseconds, a line `kind execname value` for each
 * pair seen in the second, and a blank line.
 */
#pragma D option quiet
#pragma D option aggrate=100ms
#pragma D option switchrate=100ms

syscall::read:return, syscall::pread*:return, syscall::readv:return, syscall::recv*:return
/(int)arg0 >= 0 && pid != $pid/
{
	@n["read_ops", execname] = count();
	@bytes["read_bytes", execname] = sum(arg0);
}

syscall::write:return, syscall::pwrite*:return, syscall::writev:return, syscall::send*:return
/(int)arg0 >= 0 && pid != $pid/
{
	@n["write_ops", execname] = count();
	@bytes["write_bytes", execname] = sum(arg0);
}

tick-1s
{
	printf("%d\n", walltimestamp);
	printa("%s %s %@d\n", @n);
	printa("%s %s %@d\n", @bytes);
	printf("\n");
	trunc(@n);
	trunc(@bytes);
}
