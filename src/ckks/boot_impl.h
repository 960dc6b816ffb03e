/* Private to bootstrapping; the functions are in boot_half.c, and boot_full.c. */
#ifndef PPDL_CKKS_BOOT_IMPL_H
#define PPDL_CKKS_BOOT_IMPL_H

#include "ckks/boot.h"
#include "ckks/lintrans.h"

/* |S| <= 14 but for 2^-62 of the bootstraps (h = 32); the series is good to 14.25 */
#define PPDL_BOOT_K 14.25

/* scale of S/K that C2S leaves, before the real parts double it */
#define PPDL_BOOT_C2S_SCALE 0x1p49

/*
 * What C2S does to a raised ciphertext: declares its scale so that slots read S/K
 * (repeats = how many equal copies the sub-sum added), then applies the chain; each
 * matrix is encoded at q_top * factor, factor = (PPDL_BOOT_C2S_SCALE / scale)^(1/levels).
 */
typedef struct PpdlChain
{
	int			count;
	PpdlLinTrans *level[PPDL_MAX_Q];
} PpdlChain;

/* How a matrix is encoded: rotated, for `limbs` limbs at q_top * factor. */
typedef struct PpdlBootLevel
{
	int			limbs;
	double		factor;
	PpdlC2sRotation	rotated;
} PpdlBootLevel;

/* m encoded so, for the keys that the plan has; asks for interrupts first, destroys m */
PpdlStatus	ppdl_boot_encode(PpdlLinTrans **out, PpdlEval *ev, PpdlMatrix *m, const PpdlBootLevel *level,
							 PpdlError *err);

void		ppdl_chain_destroy(PpdlChain *chain);
size_t		ppdl_chain_bytes(const PpdlChain *chain);
/* *ct becomes level[count-1](... level[0](ct)), a rescale after each */
PpdlStatus	ppdl_chain_run(const PpdlChain *chain, PpdlEval *ev, PpdlCt *ct, PpdlError *err);

/* ppdl_halfboot_run, of out[0] alone when count is 1 */
PpdlStatus	ppdl_halfboot_parts(const PpdlHalfBoot *hb, PpdlEval *ev, PpdlCt *out, int count, const PpdlCt *in,
								PpdlError *err);

/*
 * The transform of all slots, inverse for CoefficientsToSlots, else for SlotsToCoefficients: PPDL_BOOT_C2S_LEVELS
 * levels from so many limbs on, which multiply the scale by ratio.  Empty after an error
 */
PpdlStatus	ppdl_boot_create_dft(PpdlChain *chain, PpdlEval *ev, int inverse, int limbs, double ratio, PpdlError *err);
/*
 * SlotsToCoefficients of all slots: a chain for PPDL_BOOT_FULL_LIMBS limbs, which brings scale PPDL_BOOT_FULL_SCALE to
 * that which ModRaise takes
 */
PpdlStatus	ppdl_boot_create_s2c(PpdlChain *chain, PpdlEval *ev, PpdlError *err);

#endif
