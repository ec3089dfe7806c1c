/*
 * Block I/O that each process starts, and its bytes, once a second.
 * A block is the wall clock in nanoseconds, a line `kind execname value` for each
 * pair seen in the second, and a blank line.
 */
#pragma D option quiet
#pragma D option aggrate=100ms
#pragma D option switchrate=100ms

io:::start
/pid != $pid/
{
	@n["bio_ops", execname] = count();
	@bytes["bio_bytes", execname] = sum(args[0]->b_bcount);
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
