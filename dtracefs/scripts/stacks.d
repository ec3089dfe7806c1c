/*
 * Stacks on the CPU, kernel and user, 97 times a second, printed at the end: the input of
 * a flame graph.
 */
#pragma D option quiet
#pragma D option stackframes=64
#pragma D option ustackframes=64

profile-97
/arg0 && pid != $pid/
{
	@kernel[execname, stack()] = count();
}

profile-97
/arg1 && pid != $pid/
{
	@user[execname, ustack()] = count();
}
