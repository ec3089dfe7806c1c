#pragma D option quiet

BEGIN
{
	printf("reads by process and how long they took\n");
	printf("%s  %s %s  %s\n", "WHEN", "EXECNAME", "KB", "PER_MS");
}

syscall::read:return
/arg0 > 0/
{
	printf("%d  %s %d  %d\n", timestamp / 1000, execname, arg0 / 1024, (arg0 / (timestamp - self->t)));
}
