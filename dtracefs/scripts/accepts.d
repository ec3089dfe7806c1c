/*
 * TCP connections that each process accepts or asks for, once a second.
 * A block is the wall clock in nanoseconds, a line `kind execname value` for each
 * pair seen in the second, and a blank line.
 */
#pragma D option quiet
#pragma D option aggrate=100ms
#pragma D option switchrate=100ms

syscall::accept*:return
/(int)arg0 >= 0 && pid != $pid/
{
	@n["accept", execname] = count();
}

syscall::connect:entry
/pid != $pid/
{
	@n["connect", execname] = count();
}

tick-1s
{
	printf("%d\n", walltimestamp);
	printa("%s %s %@d\n", @n);
	printf("\n");
	trunc(@n);
}
