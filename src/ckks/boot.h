/*
 * Bootstrapping in the deep ring, in five named steps: encapsulate (to the
 * sparse secret), ModRaise, CoefficientsToSlots, EvalMod, SlotsToCoefficients
 * (Cheon et al. 2018; Bossuat et al. 2021 and 2022 for the sparse-secret
 * encapsulation).  EvalMod is the exponential exp(2 pi i S / 2^5), S = phase/q0, as a
 * Chebyshev series of degree 15, five squarings, and Im(4/3 z - 1/6 z^2), whose
 * series theta*(1 - theta^4/30 ...) takes the place of an arcsine.
 *
 * No file bears this name: boot_raise.c has encapsulation and ModRaise, boot_evalmod.c EvalMod, boot_half.c,
 * boot_sparse.c and boot_full.c the whole.  (algorithms.md, 5)
 *
 * Ciphertexts come and go in the NTT domain; inputs are only read unless said otherwise, results are ev's to release,
 * none after an error.  PPDL_ERR_LEVEL: another number of limbs than stated; PPDL_ERR_KEY: a key is missing;
 * PPDL_ERR_CANCELED.
 *
 * Limbs: C2S takes 4 levels from the top (a sparse bootstrap: 2 to 4), EvalMod 10, S2C 3:
 *   28 -> 24 -> 14 -> 11.
 */
#ifndef PPDL_CKKS_BOOT_H
#define PPDL_CKKS_BOOT_H

#include "ckks/lintrans.h"
#include "ckks/schedule.h"

#define PPDL_BOOT_EVALMOD_LIMBS 24	/* limbs that EvalMod takes */
#define PPDL_BOOT_S2C_LIMBS 14	/* limbs that EvalMod leaves */
#define PPDL_BOOT_WORK_LIMBS 11	/* limbs that a whole bootstrap leaves */
#define PPDL_BOOT_SPARSE_H 32	/* weight of the encapsulation secret */

/*
 * Before ModRaise a ciphertext's scale is brought to q0 / 2^PPDL_BOOT_RANGE_BITS (or less: weights of a short period);
 * coefficients are to stay below 1/8.
 */
#define PPDL_BOOT_RANGE_BITS 4

/*
 * One limb under one secret -> one limb under another, by the key `id` at q0*p0 (PPDL_KEY_BRIDGE, PPDL_KEY_TO_SPARSE);
 * scale and bound stay.
 */
PpdlStatus	ppdl_ct_switch_one(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, uint32_t id, PpdlError *err);
/* noise of such a switch: a coefficient's standard deviation */
double		ppdl_boot_one_prime_noise(const PpdlParams *par);

/* Encapsulate: one limb under s_deep -> one limb under s_sparse (key PPDL_KEY_TO_SPARSE). */
PpdlStatus	ppdl_boot_encapsulate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err);

/*
 * ModRaise: one limb under s_sparse, read as integers, -> `limbs` limbs under s_deep (key PPDL_KEY_FROM_SPARSE). phase
 * = message + q0*I, |I| <= 14; scale and bound stay, 2 <= limbs <= nq.  (Cheon et al. 2018; Bossuat et al. 2022)
 */
PpdlStatus	ppdl_boot_mod_raise(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int limbs, PpdlError *err);

/*
 * EvalMod: real slots S/14.25 (scale near 2^50, PPDL_BOOT_EVALMOD_LIMBS limbs), S = m/q0 + I -> slots m/q0
 * (PPDL_BOOT_S2C_LIMBS limbs, scale ppdl_boot_eval_mod_scale).  14 products, 1 conjugation.
 */
PpdlStatus	ppdl_boot_eval_mod(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err);
/* the scale at which it leaves S mod 1 */
double		ppdl_boot_eval_mod_scale(const PpdlParams *par);

/* The half-bootstrap: coefficients in, slots out. */
typedef struct PpdlHalfBoot PpdlHalfBoot;

/* tables for the ring of ev, with its threads; between them ev is asked for interrupts.  Immutable; ev is not kept */
PpdlStatus	ppdl_halfboot_create(PpdlHalfBoot **out, PpdlEval *ev, PpdlError *err);
void		ppdl_halfboot_destroy(PpdlHalfBoot *hb);
size_t		ppdl_halfboot_bytes(const PpdlHalfBoot *hb);
/*
 * in: one limb under s_sparse, coefficients m_c at in->scale.  out[0], out[1]: PPDL_BOOT_S2C_LIMBS
 * limbs, slot bitrev(c mod N/2) holds m_c, c < N/2 in out[0], c >= N/2 in out[1], real slots.
 * Coefficients with a random phase (holes) come out as bounded garbage (|value| <= 56 at
 * scale q0/2^8) and leave the others alone.
 */
PpdlStatus	ppdl_halfboot_run(const PpdlHalfBoot *hb, PpdlEval *ev, PpdlCt out[2], const PpdlCt *in, PpdlError *err);

/*
 * Error of a slot that a bootstrap adds: measured, 2^-22.4 for slots up to 1 (see the tests); its standard deviation as
 * a value.
 */
#define PPDL_BOOT_ERROR 0x1p-22
/*
 * that of a half-bootstrap of rows, which is noise and grows with the degree: 2^-22.7 in the deep ring, measured
 * 2^-23.4
 */
#define PPDL_HALFBOOT_ERROR(par) (0x1.4p-39 * (double) (par)->n)

/*
 * The full bootstrap: slots in, slots out, of one ciphertext of real slots, or of two, which take one C2S together.
 * Unlike that of weights its SlotsToCoefficients comes first, where ciphertexts have few limbs and it costs little; it
 * takes the levels and with them the keys of C2S.
 */
#define PPDL_BOOT_FULL_LIMBS 5	/* limbs it takes: S2C leaves one */
#define PPDL_BOOT_FULL_SCALE 0x1p40	/* of these */

typedef struct PpdlFullBoot PpdlFullBoot;

/* tables of its S2C.  Immutable, the caller's to destroy; NULL after an error */
PpdlStatus	ppdl_fullboot_create(PpdlFullBoot **out, PpdlEval *ev, PpdlError *err);
void		ppdl_fullboot_destroy(PpdlFullBoot *fb);	/* NULL is allowed */
size_t		ppdl_fullboot_bytes(const PpdlFullBoot *fb);
/*
 * ct[0..count-1], count 1 or 2: real slots (imaginary parts are lost where count is 1, and damage the other where it is
 * 2) within [-2, 2], PPDL_BOOT_FULL_LIMBS limbs or more, scale PPDL_BOOT_FULL_SCALE up to a factor of 2
 * (PPDL_ERR_SCALE).  Replaced by PPDL_BOOT_S2C_LIMBS limbs; hb is of the same ring.  To be released after an error.
 * Keys: those of the half-bootstrap and PPDL_KEY_TO_SPARSE.
 */
PpdlStatus	ppdl_fullboot_run(const PpdlFullBoot *fb, const PpdlHalfBoot *hb, PpdlEval *ev, PpdlCt *ct, int count,
							  PpdlError *err);

/* The sparse bootstrap: slots in, slots out, for one or two ciphertexts of a short period. */
typedef struct PpdlSparseBoot PpdlSparseBoot;

/*
 * period: complex slots of each ciphertext (a power of two); count 1 or 2 of them refreshed
 * together; 16 <= period, count*period*2 <= N/2 (PPDL_ERR_ARGUMENT).  scale: that of the first ciphertext, coming and
 * going; PPDL_ERR_RANGE when it is too near to q0.  Immutable; ev is not kept.
 */
PpdlStatus	ppdl_sparseboot_create(PpdlSparseBoot **out, PpdlEval *ev, size_t period, int count, double scale,
								   PpdlError *err);
void		ppdl_sparseboot_destroy(PpdlSparseBoot *sb);
size_t		ppdl_sparseboot_bytes(const PpdlSparseBoot *sb);
/*
 * ct[0..count-1]: periodic slots up to 1, at least one limb; replaced by PPDL_BOOT_WORK_LIMBS limbs, each at about the
 * scale it came with; to be released after an error.
 */
PpdlStatus	ppdl_sparseboot_run(const PpdlSparseBoot *sb, PpdlEval *ev, PpdlCt *ct, PpdlError *err);

#endif
