#include "rows/keyplan.h"

#include "ckks/boot.h"

/* limbs of a ciphertext where each key is used, see ckks/schedule.h */
#define PACK_LIMBS PPDL_ROW_C2S_LIMBS
#define ACTIVATION_LIMBS (PPDL_ROW_C2S_LIMBS - PPDL_ROW_C2S_LEVELS)

const char *const ppdl_use_names[PPDL_USES + 1] = {"sum", "predict", "train", NULL};

int
ppdl_use_most(int uses)
{
	int			i = PPDL_USES - 1;

	while (i > 0 && !(uses & (1 << i)))
		i--;
	return i;
}

typedef struct Plan
{
	const PpdlParams *par;
	PpdlKeyNeed *need;
	int			count;
} Plan;

/* uses may share a key (rotation by 1 is the merge at height 2): at the most limbs */
static void
need(Plan *p, uint32_t id, int limbs)
{
	for (int i = 0; i < p->count; i++)
		if (p->need[i].id == id)
		{
			if (p->need[i].limbs < limbs)
				p->need[i].limbs = limbs;
			return;
		}
	p->need[p->count++] = (PpdlKeyNeed) {.ring = p->par->id, .id = id, .limbs = limbs, .np = p->par->np};
}

static void
need_rotation(Plan *p, int r, int limbs)
{
	need(p, ppdl_galois_rotation(p->par->ring, r), limbs);
}

/*
 * merges at every height, for rows of every width; networks have two inputs or more, and what is only decrypted packs
 * in two limbs
 */
static void
need_merges(Plan *p)
{
	need(p, 3, 2);
	for (int j = 2; j <= p->par->logn; j++)
		need(p, (1u << j) + 1, PACK_LIMBS);
}

/* baby steps, then one giant step, or one each way */
static void
need_level(Plan *p, int level)
{
	const int	limbs = PPDL_ROW_C2S_LIMBS - level,
				stride = ppdl_row_c2s[level].stride,
				giant = stride * PPDL_ROW_C2S_BABY;

	for (int i = 1; i < PPDL_ROW_C2S_BABY; i++)
		need_rotation(p, stride * i, limbs);
	need_rotation(p, giant, limbs);
	if (level > 0)
		need_rotation(p, -giant, limbs);
}

static void
plan_predict(Plan *p)
{
	need_merges(p);
	for (int level = 0; level < PPDL_ROW_C2S_LEVELS; level++)
		need_level(p, level);
	need(p, ppdl_galois_conjugate(p->par->ring), ACTIVATION_LIMBS);
	need(p, PPDL_KEY_RELIN, ACTIVATION_LIMBS);
}

/*
 * Rotations of the deep ring that have keys; all others are combined from them.  The levels of CoefficientsToSlots in
 * the half-bootstrap; the sparse bootstrap of weights merges its stages at the same strides and reuses them.  The last
 * ones, one digit each, serve the steps of training.
 */
#define LIMBS(level) (PPDL_BOOT_C2S_LIMBS - (level))
#define KEYS(level) \
	{PPDL_DEEP_STRIDE(level), LIMBS(level)}, {2 * PPDL_DEEP_STRIDE(level), LIMBS(level)}, \
	{3 * PPDL_DEEP_STRIDE(level), LIMBS(level)}, {PPDL_DEEP_BABY * PPDL_DEEP_STRIDE(level), LIMBS(level)}
#define BACKWARDS(level) {-PPDL_DEEP_BABY * PPDL_DEEP_STRIDE(level), LIMBS(level)}
#define STEP_LIMBS (PPDL_BOOT_WORK_LIMBS - 1)
_Static_assert(PPDL_DEEP_BABY == 4, "KEYS has the baby steps 1 to 3");

static const PpdlRotationKey deep_rotations[] = {
	KEYS(0),
	KEYS(1), BACKWARDS(1),
	KEYS(2), BACKWARDS(2),
	KEYS(3), BACKWARDS(3),
	{-1, STEP_LIMBS}, {-2, STEP_LIMBS}, {-8, STEP_LIMBS}, {-16, STEP_LIMBS},
	{64, STEP_LIMBS}, {-64, STEP_LIMBS}, {-128, STEP_LIMBS},
};

const PpdlRotationKey *
ppdl_keyplan_deep_rotations(int *count)
{
	*count = (int) (sizeof(deep_rotations) / sizeof(deep_rotations[0]));
	return deep_rotations;
}

static void
need_one_prime(Plan *p, uint32_t id, int limbs)
{
	p->need[p->count++] = (PpdlKeyNeed) {.ring = p->par->id, .id = id, .limbs = limbs, .np = 1};
}

static void
plan_train(Plan *p)
{
	const int	count = sizeof(deep_rotations) / sizeof(deep_rotations[0]);

	need_one_prime(p, PPDL_KEY_BRIDGE, 1);
	need_one_prime(p, PPDL_KEY_BRIDGE_COMPACT, 1);
	p->need[p->count - 1].only = PPDL_RING_COMPACT;
	need_one_prime(p, PPDL_KEY_TO_SPARSE, 1);
	need_one_prime(p, PPDL_KEY_FROM_SPARSE, p->par->nq);
	for (int i = 0; i < count; i++)
		need_rotation(p, deep_rotations[i].rotation, deep_rotations[i].limbs);
	need(p, ppdl_galois_conjugate(p->par->ring), PPDL_BOOT_EVALMOD_LIMBS);
	need(p, PPDL_KEY_RELIN, PPDL_BOOT_EVALMOD_LIMBS);
}

int
ppdl_keyplan(PpdlUse use, PpdlKeyNeed *out, PpdlError *err)
{
	Plan		p = {.need = out};
	uint8_t		ring = use == PPDL_USE_TRAIN ? PPDL_RING_DEEP : PPDL_RING_ROW;

	if (use == PPDL_USE_SUM)
	{
		*out = (PpdlKeyNeed) {.ring = PPDL_RING_COMPACT, .id = PPDL_KEY_PUBLIC, .limbs = 1, .only = PPDL_RING_COMPACT};
		return 1;
	}
	if (ppdl_params_get(ring, &p.par, err) != PPDL_OK)
		return 0;
	if (use == PPDL_USE_TRAIN)
		plan_train(&p);
	else
		plan_predict(&p);
	return p.count;
}

int
ppdl_keyplan_for_writers(PpdlKeyNeed *out, PpdlError *err)
{
	const PpdlParams *par;

	if (ppdl_params_get(PPDL_RING_ROW, &par, err) != PPDL_OK)
		return 0;
	out[0] = (PpdlKeyNeed) {.ring = par->id, .id = PPDL_KEY_BRIDGE_COMPACT, .limbs = 1, .np = par->np};
	out[1] = (PpdlKeyNeed) {.ring = par->id, .id = PPDL_KEY_PUBLIC_SPECIAL, .limbs = 1};
	out[2] = (PpdlKeyNeed) {.ring = PPDL_RING_COMPACT, .id = PPDL_KEY_ENCAPSULATION, .limbs = 1};
	return 3;
}

int
ppdl_keyplan_writer(PpdlUse use, PpdlKeyNeed *out, PpdlError *err)
{
	const PpdlParams *par;

	if (ppdl_params_get(PPDL_RING_ROW, &par, err) != PPDL_OK || use == PPDL_USE_TRAIN)
		return 0;
	if (use == PPDL_USE_PREDICT)
	{
		out[0] = (PpdlKeyNeed) {.ring = par->id, .id = PPDL_KEY_TO_OWNER_PACKED, .limbs = PACK_LIMBS, .np = par->np};
		return 1;
	}
	out[0] = (PpdlKeyNeed) {.ring = PPDL_RING_COMPACT, .id = PPDL_KEY_PUBLIC, .limbs = 1};
	out[1] = (PpdlKeyNeed) {.ring = par->id, .id = PPDL_KEY_WRITER, .limbs = 1};
	out[2] = (PpdlKeyNeed) {.ring = par->id, .id = PPDL_KEY_TO_OWNER, .limbs = 2, .np = par->np};
	out[3] = (PpdlKeyNeed) {.ring = par->id, .id = PPDL_KEY_TO_OWNER_COMPACT, .limbs = 1, .np = par->np};
	return 4;
}
