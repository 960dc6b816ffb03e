/*
 * Run-time choice of vector kernels.  The level is found once; the environment
 * variable PPDL_CPU=scalar|avx2|ifma (x86-64) or scalar|neon (arm64) lowers it, and
 * tests may force it.
 */
#ifndef PPDL_BASE_CPU_H
#define PPDL_BASE_CPU_H

typedef enum PpdlCpu
{
	PPDL_CPU_SCALAR = 0,
#if defined(__x86_64__)
	PPDL_CPU_AVX2,				/* AVX2 and FMA */
	PPDL_CPU_IFMA,				/* AVX-512 F, DQ, VL, BW and IFMA */
#elif defined(__aarch64__)
	PPDL_CPU_NEON,				/* Advanced SIMD, which every arm64 processor has */
#endif
} PpdlCpu;

/* levels of this architecture, each better than the one before */
#if defined(__x86_64__)
#define PPDL_CPU_LEVELS 3
#elif defined(__aarch64__)
#define PPDL_CPU_LEVELS 2
#else
#define PPDL_CPU_LEVELS 1
#endif

PpdlCpu		ppdl_cpu(void);		/* the level in use */
PpdlCpu		ppdl_cpu_best(void);	/* what the processor has */
/*
 * Uses at most `level` from now on (never more than the processor has); returns the level in use. Not thread-safe: for
 * tests and benchmarks.
 */
PpdlCpu		ppdl_cpu_force(PpdlCpu level);
const char *ppdl_cpu_name(PpdlCpu level);

#endif
