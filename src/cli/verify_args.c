#include "cli/verify_args.h"

enum
{
	OPT_VERIFY = 2048, OPT_RECEIPTS_FOR, OPT_BIND, OPT_MANIFEST, OPT_ALL_ROWS
};

static const struct argp_option options[] = {
	{"verify", OPT_VERIFY, 0, 0,
	 "check sums and averages against the lwe_receipt(...) beside them before anything is decrypted", 4},
	{"manifest", OPT_MANIFEST, "FILE", 0,
	 "with --verify: what ppdl encrypt --manifest wrote, so that old versions and rows left out are noticed; repeated, "
	 "one a key, for rows of several", 4},
	{"all-rows", OPT_ALL_ROWS, 0, 0, "with --manifest: rows that are left out are an error", 4},
	{"receipts-for", OPT_RECEIPTS_FOR, "NAME", 0, "with --verify and no manifest: the table, as it was called then", 4},
	{"bind", OPT_BIND, "COL,...", 0, "with --verify and no manifest: the columns that were bound to rows", 4},
	{0}
};

static void
check(const PpdlVerifyArgs *v, struct argp_state *state)
{
	if (!v->asked && (v->manifests.count || v->table || v->bind.count || v->whole))
		argp_error(state, "--manifest, --all-rows, --receipts-for and --bind go with --verify only");
	if (v->asked && v->manifests.count == 0 && v->table == NULL)
		argp_error(state,
				   "--verify: give --manifest, or say with --receipts-for what the table is called in its receipts");
	if (v->manifests.count && (v->table || v->bind.count))
		argp_error(state, "--manifest says what --receipts-for and --bind say: give one or the other");
	if (v->whole && v->manifests.count == 0)
		argp_error(state, "--all-rows goes with --manifest only");
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	PpdlVerifyArgs *v = state->input;

	switch (key)
	{
		case OPT_VERIFY:
			v->asked = 1;
			return 0;
		case OPT_RECEIPTS_FOR:
			v->table = arg;
			return 0;
		case OPT_BIND:
			ppdl_list_add_commas(&v->bind, arg, state);
			return 0;
		case OPT_MANIFEST:
			ppdl_list_add(&v->manifests, arg, state);
			return 0;
		case OPT_ALL_ROWS:
			v->whole = 1;
			return 0;
		case ARGP_KEY_END:
			check(v, state);
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

const struct argp ppdl_verify_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

void
ppdl_verify_args_free(PpdlVerifyArgs *a)
{
	ppdl_list_free(&a->manifests);
	ppdl_list_free(&a->bind);
}
