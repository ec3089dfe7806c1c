/*
 * Processes started, replaced and ended, once a second.
 * A block is the wall clock in nanoseconds, a line `kind execname value` for each
 * pair seen in the second, and a blank line.
 *
 * On Linux run processes.linux.d: there the kernel may refuse proc:::exit.
 */
#pragma D option quiet
#pragma D option aggrate=100ms
#pragma D option switchrate=100ms

proc:::create
/pid != $pid/
{
	@n["fork", execname] = count();
}

proc:::exec-success
/pid != $pid/
{
	@n["exec", execname] = count();
}

proc:::exit
/pid != $pid/
{
	@n["exit", execname] = count();
}

tick-1s
{
	printf("%d\n", walltimestamp);
	printa("%s %s %@d\n", @n);
	printf("\n");
	trunc(@n);
}
