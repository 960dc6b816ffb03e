#include "rows/keyplan.h"

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

int
ppdl_keyplan(PpdlUse use, PpdlKeyNeed *out, PpdlError *err)
{
	Plan		p = {.need = out};

	if (use == PPDL_USE_SUM)
		return 0;
	if (use != PPDL_USE_PREDICT)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "keys for training are not available yet");
		return 0;
	}
	if (ppdl_params_get(PPDL_RING_ROW, &p.par, err) != PPDL_OK)
		return 0;
	plan_predict(&p);
	return p.count;
}
