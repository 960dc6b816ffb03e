/*
 * Linear maps on slots as sums of diagonals: out[p] = sum_t D_t[p] * v[p + t],
 * evaluated with baby steps (hoisted) and giant steps (Horner: one key): algorithms.md, 4.1.
 * Matrices in the clear are in matrix.c, their rotations in bsgs.c, encoding in lintrans.c, application in
 * lintrans_apply.c.  What is created is the caller's to destroy (NULL is allowed), and *out is NULL after an error.
 */
#ifndef PPDL_CKKS_LINTRANS_H
#define PPDL_CKKS_LINTRANS_H

#include "base/complex.h"
#include "ckks/encoder.h"
#include "ckks/eval.h"

/* diagonals of period `period` (a power of two <= slots); offsets in [0, period), ascending */
typedef struct PpdlMatrix
{
	size_t		period;
	int			count;
	int		   *offset;
	double complex **diag;		/* diag[i][0 .. period-1] */
} PpdlMatrix;

/* zero; PPDL_ERR_ARGUMENT when period is no power of two */
PpdlStatus	ppdl_matrix_create(PpdlMatrix **out, size_t period, PpdlError *err);
void		ppdl_matrix_destroy(PpdlMatrix *m);
/* the diagonal of offset t (mod period), m's to be filled in, added as zeros when absent; NULL when out of memory */
double complex *ppdl_matrix_diag(PpdlMatrix *m, long t);
/* b after a, of one period (PPDL_ERR_ARGUMENT); zero diagonals dropped */
PpdlStatus	ppdl_matrix_mul(PpdlMatrix **out, const PpdlMatrix *b, const PpdlMatrix *a, PpdlError *err);
void		ppdl_matrix_scale(PpdlMatrix *m, double complex f);
/*
 * m becomes the matrix that takes rotated vectors to rotated ones: m*v rotated by -out from v rotated by -in, in slots.
 * PPDL_ERR_NOMEM leaves it as it was.
 */
PpdlStatus	ppdl_matrix_rotate(PpdlMatrix *m, long in, long out, PpdlError *err);
/* out[0..period-1] = m * v, in the clear: for tests and the plain twin */
void		ppdl_matrix_apply(const PpdlMatrix *m, double complex *out, const double complex *v);

/*
 * Merged butterfly stages of CoefficientsToSlots (inverse = 1: block lengths
 * len, len/2, ...) or SlotsToCoefficients (inverse = 0: len, 2*len, ...), `stages`
 * of them, as one matrix of the given period (algorithms.md, 4.2: C2S followed by nothing
 * leaves slot p = m_c + i*m_(c+N/2), c = bitrev(p)).
 */
PpdlStatus	ppdl_matrix_dft(PpdlMatrix **out, const PpdlParams *par, size_t period, size_t len, int stages, int inverse,
							PpdlError *err);

/* A matrix encoded for one input level; immutable; shared between evaluators. */
typedef struct PpdlLinTrans PpdlLinTrans;

/* How a matrix is encoded. */
typedef struct PpdlLinTransForm
{
	int			limbs;			/* of the inputs */
	double		pt_scale;		/* of the plaintexts */
	int			baby,			/* number of baby steps (a power of two), 0: chosen */
				min_keys,		/* giant steps by Horner's rule with one key (rotation by baby*stride) each way */
				source;			/* rotation of the input that giant steps from there on may start from; 0: none */
} PpdlLinTransForm;

/*
 * m, not zero, of a period up to par->slots (PPDL_ERR_ARGUMENT), is only read.  1 <= limbs <= nq (PPDL_ERR_LEVEL);
 * PPDL_ERR_RANGE when an entry does not fit its scale.  threads, poll: may be NULL; poll is asked every few
 * diagonals: PPDL_ERR_CANCELED.
 */
PpdlStatus	ppdl_lintrans_create(PpdlLinTrans **out, const PpdlParams *par, const PpdlMatrix *m,
								 const PpdlLinTransForm *form,
								 PpdlThreads *threads, const PpdlPoll *poll, PpdlError *err);
/* bytes that a transform of `diagonals` diagonals of that period takes, at most */
double		ppdl_lintrans_bytes_most(const PpdlParams *par, int limbs, int diagonals, size_t period);
void		ppdl_lintrans_destroy(PpdlLinTrans *lt);
size_t		ppdl_lintrans_bytes(const PpdlLinTrans *lt);
/* largest Euclidean norm of a row: what it makes, at most, of errors that are independent from slot to slot */
double		ppdl_lintrans_norm(const PpdlLinTrans *lt);
/*
 * rotations, ascending in (0, slots), whose keys apply() needs: writes at most max, returns how many; 0: out of memory
 */
int			ppdl_lintrans_rotations(const PpdlLinTrans *lt, int *rotations, int max);
/* the same question without encoding anything, for planning keys */
int			ppdl_matrix_rotations(const PpdlMatrix *m, size_t slots, const PpdlLinTransForm *form, int *rotations,
								  int max);

/*
 * out[i] = lt[i](in), i < count, one hoisting shared by all (their baby steps may differ), no
 * rescale: scale = in.scale * pt_scale, limbs = in.limbs.  Needs in->limbs = the
 * level the transforms were encoded for (PPDL_ERR_LEVEL), and their keys (PPDL_ERR_KEY).  out's buffers are ev's, none
 * after an error.  (Bossuat et al. 2021, §4: double hoisting.)
 */
PpdlStatus	ppdl_lintrans_apply(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count, const PpdlCt *in,
								PpdlError *err);
/*
 * the same, rescaled in the same division, at least 2 limbs: limbs = in.limbs - 1, scale = in.scale * pt_scale / q_top
 */
PpdlStatus	ppdl_lintrans_apply_rescale(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count,
										const PpdlCt *in, PpdlError *err);

#define PPDL_LINTRANS_INPUTS 4	/* that can be transformed together */
/*
 * The same for several ciphertexts of as many limbs (PPDL_ERR_LEVEL): out[i * count + k] = lt[k](in[i]), i < inputs,
 * at most PPDL_LINTRANS_INPUTS (PPDL_ERR_ARGUMENT); rescale: or not.  Keys and plaintexts are read once for all of
 * them; results are those of each alone.
 */
PpdlStatus	ppdl_lintrans_apply_all(PpdlEval *ev, PpdlCt *out, const PpdlLinTrans *const *lt, int count,
									const PpdlCt *in, int inputs, int rescale, PpdlError *err);

#endif
