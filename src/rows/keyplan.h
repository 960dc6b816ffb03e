/*
 * Which evaluation keys each use needs, and to which level they are cut.  The one
 * place that says so: key generation, publication and the planners all read it.
 */
#ifndef PPDL_ROWS_KEYPLAN_H
#define PPDL_ROWS_KEYPLAN_H

#include "ckks/keys.h"
#include "ckks/rotset.h"

typedef enum PpdlUse
{
	PPDL_USE_SUM = 1,			/* no evaluation key: the public key only */
	PPDL_USE_PREDICT = 2,		/* packing and networks in the row ring */
	PPDL_USE_TRAIN = 4			/* the deep ring */
} PpdlUse;

typedef struct PpdlKeyNeed
{
	uint8_t		ring;
	uint32_t	id;				/* see PPDL_KEY_* */
	int			limbs;
	int			np;
} PpdlKeyNeed;

#define PPDL_MAX_KEY_NEEDS 256

/* Writes the keys that `use` needs beyond those of the lower uses; returns how many (<= PPDL_MAX_KEY_NEEDS). */
int			ppdl_keyplan(PpdlUse use, PpdlKeyNeed *out, PpdlError *err);

/* the rotations of the deep ring that have keys (PPDL_USE_TRAIN); for PpdlEval.rotations */
const PpdlRotationKey *ppdl_keyplan_deep_rotations(int *count);

/*
 * The fixed CoefficientsToSlots of the row ring: stage groups from the top; level i takes a ciphertext
 * of PPDL_ROW_C2S_LIMBS - i limbs.  The first dense layer is folded into the last group, so that a
 * network's first activation works at PPDL_ROW_C2S_LIMBS - 3 = 5 limbs.
 *   level 0: stages 8192..512, 32 diagonals, baby 256*{1..7},  giant 2048
 *   level 1: stages 256..32,   31 diagonals, baby 16*{1..7},   giants +-128
 *   level 2: stages 16..2 with layer 1 (blocks of max(16, k/2) slots), baby {1..7}, giants +-8
 * Dense layers at lower levels use level 2's rotations.  Folds use rotations by powers of two
 * that are among these.
 */
#define PPDL_ROW_C2S_LEVELS 3
#define PPDL_ROW_C2S_LIMBS 8
#define PPDL_ROW_C2S_BABY 8

#endif
