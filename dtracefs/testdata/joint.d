#pragma D option quiet

lathe:::cut
{
	@cuts[toolname, spindle] = count();
	@depth[toolname, spindle] = max(arg0);
	@swarf[toolname, spindle] = sum(arg1);
	@all = count();
	@most = max(arg1);
}

tick-10s
{
	printf("%Y\n", walltimestamp);
	printa(@cuts, @depth, @swarf);
	printa(@all, @most);
}
