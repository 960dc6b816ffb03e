#include "base/cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "ppdl is written for little-endian machines"
#endif
#if UINTPTR_MAX != UINT64_MAX
#error "ppdl is written for 64-bit machines"
#endif

static int	current = -1;

static const char *const names[PPDL_CPU_LEVELS] = {
	"scalar",
#if defined(__x86_64__)
	"avx2", "ifma"
#elif defined(__aarch64__)
	"neon"
#endif
};

PpdlCpu
ppdl_cpu_best(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512ifma"))
		return PPDL_CPU_IFMA;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return PPDL_CPU_AVX2;
#elif defined(__aarch64__)
	return PPDL_CPU_NEON;
#endif
	return PPDL_CPU_SCALAR;
}

static PpdlCpu
choose(void)
{
	PpdlCpu		best = ppdl_cpu_best();
	const char *want = getenv("PPDL_CPU");

	if (want == NULL)
		return best;
	for (int i = 0; i <= (int) best; i++)
		if (strcmp(want, names[i]) == 0)
			return (PpdlCpu) i;
	/* a run that is to test other kernels must not pass with these */
	fprintf(stderr, "ppdl: PPDL_CPU=%s: this machine has no such kernels; using %s\n", want, names[best]);
	return best;
}

PpdlCpu
ppdl_cpu(void)
{
	int			level = __atomic_load_n(&current, __ATOMIC_RELAXED);

	if (level < 0)
	{
		level = choose();
		__atomic_store_n(&current, level, __ATOMIC_RELAXED);
	}
	return (PpdlCpu) level;
}

PpdlCpu
ppdl_cpu_force(PpdlCpu level)
{
	PpdlCpu		best = ppdl_cpu_best();

	current = level > best ? best : level;
	return (PpdlCpu) current;
}

const char *
ppdl_cpu_name(PpdlCpu level)
{
	return names[level];
}
