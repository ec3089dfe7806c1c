#pragma D option quiet

/* Two distributions, and two sums, that only the words of their keys tell apart. */
#define SHOW(what, n) printf("%-8s%6d\n", what, n)

tick-5s
{
	@steps["steps of the belt"] = quantize(speed);
	@slots["slots of the belt"] = lquantize(speed, 0, 8, 2);
	@load["heavy", id] = sum(weight);
	@load["light", id] = sum(weight);
	@turns["left", id] = count();
	@turns["right", id] = count();
}

tick-5s
{
	usym(ucaller);
	printf("\n\n");
	SHOW("belts", belts);
	SHOW("stops", stops);
}
