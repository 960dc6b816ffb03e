#include "ckks/rotset.h"

#include <stdlib.h>
#include <string.h>

#define UNREACHED UINT8_MAX

/* breadth-first search from 0 over the slots, with the keys that serve so many limbs */
typedef struct Tree
{
	uint8_t    *via;			/* last rotation of a shortest way: index into key */
	uint8_t    *depth;
} Tree;

struct PpdlRotationSet
{
	const PpdlParams *par;
	int			count;
	PpdlRotationKey *key;
	Tree		tree[PPDL_MAX_Q + 1];	/* by limbs; equal ones share their memory */
};

void
ppdl_rotset_destroy(PpdlRotationSet *set)
{
	if (set == NULL)
		return;
	for (int l = 1; l <= set->par->nq; l++)
		if (l == set->par->nq || set->tree[l].via != set->tree[l + 1].via)
		{
			free(set->tree[l].via);
			free(set->tree[l].depth);
		}
	free(set->key);
	free(set);
}

static PpdlStatus
search(PpdlRotationSet *set, Tree *tree, int limbs, PpdlError *err)
{
	const size_t slots = set->par->slots;
	uint32_t   *queue = malloc(slots * sizeof(uint32_t));
	size_t		head = 0,
				tail = 0;

	tree->via = malloc(slots);
	tree->depth = malloc(slots);
	if (queue == NULL || tree->via == NULL || tree->depth == NULL)
	{
		free(queue);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	memset(tree->depth, UNREACHED, slots);
	tree->depth[0] = 0;
	queue[tail++] = 0;
	while (head < tail)
	{
		uint32_t	at = queue[head++];

		for (int i = 0; i < set->count; i++)
		{
			size_t		next = (at + (size_t) (set->key[i].rotation + (int64_t) slots)) % slots;

			if (set->key[i].limbs < limbs || tree->depth[next] != UNREACHED ||
				tree->depth[at] >= PPDL_MAX_ROTATION_PATH)
				continue;
			tree->depth[next] = (uint8_t) (tree->depth[at] + 1);
			tree->via[next] = (uint8_t) i;
			queue[tail++] = (uint32_t) next;
		}
	}
	free(queue);
	return PPDL_OK;
}

/* do the same keys serve l limbs and l + 1? */
static int
same_keys(const PpdlRotationSet *set, int l)
{
	for (int i = 0; i < set->count; i++)
		if (set->key[i].limbs == l)
			return 0;
	return 1;
}

PpdlStatus
ppdl_rotset_create(PpdlRotationSet **out, const PpdlParams *par, const PpdlRotationKey *key, int count, PpdlError *err)
{
	PpdlRotationSet *set;

	*out = NULL;
	if (count < 0 || count >= UNREACHED)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d rotation keys, at most %d", count, UNREACHED - 1);
	set = calloc(1, sizeof(*set));
	if (set == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	set->par = par;
	set->count = count;
	set->key = malloc(sizeof(*key) * (size_t) (count > 0 ? count : 1));
	if (set->key == NULL)
	{
		ppdl_rotset_destroy(set);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	memcpy(set->key, key, sizeof(*key) * (size_t) count);
	for (int l = par->nq; l >= 1; l--)
	{
		PpdlStatus	status;

		if (l < par->nq && same_keys(set, l))
		{
			set->tree[l] = set->tree[l + 1];
			continue;
		}
		status = search(set, &set->tree[l], l, err);
		if (status != PPDL_OK)
		{
			ppdl_rotset_destroy(set);
			return status;
		}
	}
	*out = set;
	return PPDL_OK;
}

int
ppdl_rotset_path(const PpdlRotationSet *set, int r, int limbs, int *path)
{
	const int64_t slots = (int64_t) set->par->slots;
	const Tree *tree = &set->tree[limbs];
	int64_t		at = ((r % slots) + slots) % slots;
	int			count;

	if (tree->depth[at] == UNREACHED)
		return -1;
	count = tree->depth[at];
	for (int i = 0; i < count; i++)
	{
		path[i] = set->key[tree->via[at]].rotation;
		at = ((at - path[i]) % slots + slots) % slots;
	}
	return count;
}
