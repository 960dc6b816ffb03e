/*
 * Rotations for which an owner published keys, and how to reach all others by
 * combining them: keys of the deep ring are large, rotations in a row are cheap.
 */
#ifndef PPDL_CKKS_ROTSET_H
#define PPDL_CKKS_ROTSET_H

#include "ckks/params.h"

typedef struct PpdlRotationKey
{
	int			rotation;		/* slots, positive or negative */
	int			limbs;			/* its key serves so many */
} PpdlRotationKey;

typedef struct PpdlRotationSet PpdlRotationSet;

/*
 * Immutable after creation; serves any thread.  key[]: count entries, at most 254 (PPDL_ERR_ARGUMENT), copied.  A byte
 * or two for each slot and number of limbs.
 */
PpdlStatus	ppdl_rotset_create(PpdlRotationSet **out, const PpdlParams *par, const PpdlRotationKey *key, int count,
							   PpdlError *err);
void		ppdl_rotset_destroy(PpdlRotationSet *set);

/*
 * The shortest way to rotate by any r at 1 <= limbs <= nq: writes the rotations (at most
 * PPDL_MAX_ROTATION_PATH) and returns how many there are, -1 when there is no such way.
 */
#define PPDL_MAX_ROTATION_PATH 12
int			ppdl_rotset_path(const PpdlRotationSet *set, int r, int limbs, int *path);

#endif
