#include "rows/keyplan.h"

#include "ckks/boot.h"

/* limbs of a ciphertext where each key is used, see keyplan.h */
#define PACK_LIMBS PPDL_ROW_C2S_LIMBS
#define ACTIVATION_LIMBS (PPDL_ROW_C2S_LIMBS - PPDL_ROW_C2S_LEVELS)

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

/* merges at every height, for rows of every width; networks have two inputs or more, and what is only decrypted packs in two limbs */
static void
need_merges(Plan *p)
{
	need(p, 3, 2);
	for (int j = 2; j <= p->par->logn; j++)
		need(p, (1u << j) + 1, PACK_LIMBS);
}

/* baby steps stride*{1..7}, then one giant step, or one each way */
static void
need_level(Plan *p, int level, int stride, int both_ways)
{
	const int	limbs = PPDL_ROW_C2S_LIMBS - level,
				giant = stride * PPDL_ROW_C2S_BABY;

	for (int i = 1; i < PPDL_ROW_C2S_BABY; i++)
		need_rotation(p, stride * i, limbs);
	need_rotation(p, giant, limbs);
	if (both_ways)
		need_rotation(p, -giant, limbs);
}

static void
plan_predict(Plan *p)
{
	need_merges(p);
	need_level(p, 0, 256, 0);
	need_level(p, 1, 16, 1);
	need_level(p, 2, 1, 1);
	need(p, ppdl_galois_conjugate(p->par->ring), ACTIVATION_LIMBS);
	need(p, PPDL_KEY_RELIN, ACTIVATION_LIMBS);
}

/*
 * Rotations of the deep ring that have keys; all others are combined from them.  Four levels
 * of CoefficientsToSlots in the half-bootstrap (strides 2048, 128, 8, 1) take baby steps {1,2,3} and giants
 * of 4; the sparse bootstrap of weights merges its stages at the same strides and reuses them.  The last ones, one digit
 * each, serve the steps of training.
 */
static const PpdlRotationKey deep_rotations[] = {
	{2048, 28}, {4096, 28}, {6144, 28}, {8192, 28},
	{128, 27}, {256, 27}, {384, 27}, {512, 27}, {-512, 27},
	{8, 26}, {16, 26}, {24, 26}, {32, 26}, {-32, 26},
	{1, 25}, {2, 25}, {3, 25}, {4, 25}, {-4, 25},
	{-1, 10}, {-2, 10}, {-8, 10}, {-16, 10}, {64, 10}, {-64, 10}, {-128, 10},
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

	if (use == PPDL_USE_SUM || ppdl_params_get(ring, &p.par, err) != PPDL_OK)
		return 0;
	if (use == PPDL_USE_TRAIN)
		plan_train(&p);
	else
		plan_predict(&p);
	return p.count;
}
