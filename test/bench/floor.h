/*
 * What a computation would take if all its data lay in the first-level cache: its kernel calls are counted, each kind
 * of call is then timed on data of that cache, and the products are summed.  The programs that link floor.c have every
 * call of ppdl_kernels() led through it (--wrap); nothing in the library counts anything.
 */
#ifndef FLOOR_H
#define FLOOR_H

/* counts the kernel calls of this thread, and of all others, from here on */
void		floor_begin(void);
/*
 * Stops, and returns the seconds that the calls since floor_begin would take.  With PPDL_BENCH_CALLS set it also lists
 * them on standard error: calls, coefficients, seconds.
 */
double		floor_end(const char *name);

/* the figure NAME_over_floor: seconds over the floor's, and what was counted */
void		floor_print(const char *name, double seconds, double floor);

#endif
