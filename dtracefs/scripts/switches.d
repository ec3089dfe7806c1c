/*
 * Context switches away from each process, once a second.
 * A block is the wall clock in nanoseconds, a line `kind execname value` for each
 * pair seen in the second, and a blank line.
 */
#pragma D option quiet
#pragma D option aggrate=100ms
#pragma D option switchrate=100ms

sched:::off-cpu
/pid != $pid/
{
	@n["csw", execname] = count();
}

tick-1s
{
	printf("%d\n", walltimestamp);
	printa("%s %s %@d\n", @n);
	printf("\n");
	trunc(@n);
}
