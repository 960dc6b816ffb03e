/*
 * The fixed schedules of linear transforms: which butterfly stages of CoefficientsToSlots are merged into which level,
 * and with that, which rotations need keys and at how many limbs.  Key generation (rows/keyplan.c), the bootstraps and
 * the planner of predictions all read them here.
 *
 * A level whose smallest butterfly spans `stride` slots takes baby steps stride*{1 .. baby-1}, and giant steps of
 * stride*baby by Horner's rule, forwards, and backwards unless it is the top level.
 */
#ifndef PPDL_CKKS_SCHEDULE_H
#define PPDL_CKKS_SCHEDULE_H

#include "ckks/params.h"

/*
 * Row ring: stage groups from the top; level i takes a ciphertext of PPDL_ROW_C2S_LIMBS - i limbs.  The first dense
 * layer of a network is multiplied into the last one (blocks of max(16, k/2) slots), so that its first activation works
 * at PPDL_ROW_C2S_LIMBS - 3 = 5 limbs. Dense layers at lower levels use the last level's rotations.
 *   level 0: stages 8192..512, 32 diagonals
 *   level 1: stages 256..32,   31 diagonals
 *   level 2: stages 16..2, with layer 1
 */
#define PPDL_ROW_C2S_LEVELS 3
#define PPDL_ROW_C2S_LIMBS 8
#define PPDL_ROW_C2S_BABY 8
/* blocks of the last level */
#define PPDL_ROW_C2S_BLOCK 16

typedef struct PpdlC2sLevel
{
	size_t		period,			/* of its matrix */
				len;			/* of its first stage's butterflies */
	int			stages,
				stride;
} PpdlC2sLevel;

extern const PpdlC2sLevel ppdl_row_c2s[PPDL_ROW_C2S_LEVELS];

/* limbs of a ciphertext that the key of rotation by r serves in the row ring, 0: these levels take no such rotation */
int			ppdl_row_rotation_limbs(int r);

/*
 * Deep ring, from the top: four levels in the half-bootstrap, as many of the last ones as needed in the sparse
 * bootstrap.
 */
#define PPDL_BOOT_C2S_LEVELS 4
#define PPDL_BOOT_C2S_LIMBS 28	/* of the first */
#define PPDL_DEEP_BABY 4

/* the smallest butterfly of level i of the half-bootstrap at N = 2^16, whose rotations have keys */
#define PPDL_DEEP_STRIDE(level) ((level) == 0 ? 2048 : (level) == 1 ? 128 : (level) == 2 ? 8 : 1)

/* stages of level i of the half-bootstrap at any degree */
int			ppdl_deep_stages(const PpdlParams *par, int level);

/*
 * By how many slots, backwards, a level of CoefficientsToSlots finds its input and leaves its result rotated
 * (ppdl_matrix_rotate), and from which rotated input half of its giant steps start (PpdlLinTransForm).  Each level but
 * the first finds its input rotated by the stride of the one before, so that all its own rotations are forwards, and
 * half of them begin with the rotation by that stride, which has a key.  The first is cyclic and rotates for nothing;
 * 2^(s + 1) - 1 diagonals have a place to spare among 2^(s + 1).  (algorithms.md, 4.4)
 */
typedef struct PpdlC2sRotation
{
	long		in,
				out;
	int			source;
} PpdlC2sRotation;

/*
 * *rotated: of level i, whose butterflies span `stride` slots at least, from that of the one before; zero before the
 * first.  last: what the result of all levels is rotated by, a multiple of the first one's stride
 */
void		ppdl_c2s_rotation(PpdlC2sRotation *rotated, int i, int levels, long stride, long last);

#endif
