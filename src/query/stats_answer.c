#include "query/stats_answer.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static void
wipe(PpdlMoments *m)
{
	const size_t n = (size_t) m->width;

	if (m->sum == NULL)
		return;
	OPENSSL_cleanse(m->sum, n * sizeof *m->sum);
	OPENSSL_cleanse(m->gram, n * n * sizeof *m->gram);
}

void
ppdl_stats_rows_free(PpdlStatsRows *g)
{
	for (int k = 0; k < g->keys; k++)
		free(g->key[k]);
	free(g->key);
	free(g->name);
	free(g->verified);
	free(g->verified_labels);
	wipe(&g->moments);
	ppdl_moments_free(&g->moments);
	for (int k = 0; g->known && k < g->knowns; k++)
	{
		wipe(&g->known[k]);
		ppdl_moments_free(&g->known[k]);
	}
	free(g->known);
}

void
ppdl_stats_answer_free(PpdlStatsAnswer *a)
{
	for (int i = 0; a->group && i < a->groups; i++)
		ppdl_stats_rows_free(&a->group[i]);
	free(a->group);
	free(a->sql);
	free(a->no_known);
	memset(a, 0, sizeof *a);
}
