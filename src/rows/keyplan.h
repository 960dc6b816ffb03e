/*
 * Which evaluation keys each use needs, and to which level they are cut.  The one
 * place that says so: key generation, publication and the planners all read it.  What linear
 * transforms need comes from ckks/schedule.h; sums over slots rotate by powers of two that are among those.
 */
#ifndef PPDL_ROWS_KEYPLAN_H
#define PPDL_ROWS_KEYPLAN_H

#include "ckks/keys.h"
#include "ckks/rotset.h"
#include "ckks/schedule.h"

typedef enum PpdlUse
{
	PPDL_USE_SUM = 1,			/* no evaluation key: public keys only */
	PPDL_USE_PREDICT = 2,		/* packing and networks in the row ring */
	PPDL_USE_TRAIN = 4			/* the deep ring */
} PpdlUse;

#define PPDL_USES 3

/* what people call use 1 << i; NULL follows the last */
extern const char *const ppdl_use_names[PPDL_USES + 1];
/* i of the most demanding of these, which has all lesser ones */
int			ppdl_use_most(int uses);

typedef struct PpdlKeyNeed
{
	uint8_t		ring;
	uint32_t	id;				/* see PPDL_KEY_* */
	int			limbs;
	int			np;
	/* id of the ring whose rows alone need it, 0: all rows; keys of 0.1.0 lack such parts */
	uint8_t		only;
} PpdlKeyNeed;

#define PPDL_MAX_KEY_NEEDS 256

/* Writes the keys that `use` needs beyond those of the lower uses; returns how many (<= PPDL_MAX_KEY_NEEDS). */
int			ppdl_keyplan(PpdlUse use, PpdlKeyNeed *out, PpdlError *err);

/*
 * of an owner's public file, what it has for writers: the bridge of its own compact rows to theirs, for servers, and
 * parts for those who make writers' keys, which no server needs
 */
int			ppdl_keyplan_for_writers(PpdlKeyNeed *out, PpdlError *err);
/* the parts of a writer's public file that `use` needs beyond those of the lower uses */
int			ppdl_keyplan_writer(PpdlUse use, PpdlKeyNeed *out, PpdlError *err);

/* the rotations of the deep ring that have keys (PPDL_USE_TRAIN); for PpdlEval.rotations */
const PpdlRotationKey *ppdl_keyplan_deep_rotations(int *count);

#endif
