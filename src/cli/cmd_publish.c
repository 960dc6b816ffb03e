/*
 * ppdl publish: sends the parts of a public key file that a use needs and the
 * server lacks.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/cluster.h"
#include "cli/progress.h"
#include "cli/publish.h"
#include "rows/keyplan.h"

static const char doc[] =
"Send what a use needs of the public key file FILE to a database that has the extension.\v"
"Only parts that the server lacks are sent, each in a transaction of its own: a publication that was broken off is "
"simply started again. Publishing for a greater use later adds what is missing. No secret is sent.\n\n"
"Several databases may be given by repeating --dsn. On a Citus cluster keys must be on every "
"node: --all-nodes asks the coordinator for its nodes and publishes to them, too, with the same user and database. "
"Your password goes to them as well, so they are shown and you are asked first; --yes answers.\n\n"
"Example:\n\n"
"  ppdl publish hospital.pub --for predict --dsn \"host=db.example dbname=clinic\"\n\n"
"FILE may be a writer's public file. Whoever owns the key that it writes for in the database publishes it; from then "
"on rows of that writer count as the owner's. ppdl_revoke_writer() ends that for new rows.\n\n"
"FILE may be an RSA public key, too (PEM). It serves all that RSA can do, and is published under its file's "
"name unless --name says another.";

enum
{
	OPT_FOR = 256, OPT_DSN, OPT_NAME, OPT_ALL, OPT_YES
};

static const struct argp_option options[] = {
	{"for", OPT_FOR, "sum|predict|train", 0, "what the server shall be able to do (all that FILE serves)", 1},
	{"dsn", OPT_DSN, "DSN", 0, "database; may be repeated (else libpq's environment: PGHOST, PGDATABASE, ...)", 1},
	{"name", OPT_NAME, "NAME", 0, "publish under this name instead of the key's own", 1},
	{"all-nodes", OPT_ALL, 0, 0, "also to all nodes of a Citus cluster", 1},
	{"yes", OPT_YES, 0, 0, "with --all-nodes: connect to the nodes without asking", 1},
	{0}
};

typedef struct Args
{
	const char *file,
			   *name;
	PpdlList	dsn;
	int			use;			/* 0: all */
	int			all_nodes,
				yes;
} Args;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Args	   *a = state->input;

	switch (key)
	{
		case OPT_FOR:
			a->use = 1 << ppdl_arg_choice(state, "--for", arg, ppdl_use_names);
			return 0;
		case OPT_DSN:
			ppdl_list_add(&a->dsn, arg, state);
			return 0;
		case OPT_NAME:
			a->name = arg;
			return 0;
		case OPT_ALL:
			a->all_nodes = 1;
			return 0;
		case OPT_YES:
			a->yes = 1;
			return 0;
		case ARGP_KEY_ARG:
			if (a->file)
				argp_error(state, "one public key file is expected, not also \"%s\"", arg);
			a->file = arg;
			return 0;
		case ARGP_KEY_END:
			if (a->file == NULL)
				argp_error(state, "which public key file?");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

typedef struct Job
{
	const Args *a;
	PpdlPublication *publication;
} Job;

static PpdlStatus
publish_to(Job *j, PpdlDb *db, PpdlError *err)
{
	PpdlPublished p;
	char		place[PPDL_PLACE];

	PPDL_TRY(ppdl_publication_send(j->publication, db, &p, err));
	printf("%s: key \"%s\" (%s), %d parts sent, %.1f MiB\n", ppdl_db_place(db, place), p.name, p.key_id, p.parts,
		   (double) p.bytes / (1 << 20));
	if (p.owner_id[0])
		printf("%s: \"%s\" writes for key %s\n", place, p.name, p.owner_id);
	return PPDL_OK;
}

/* PpdlNodeWork */
static PpdlStatus
publish_to_node(void *j, PpdlDb *node, PpdlError *err)
{
	return publish_to(j, node, err);
}

static PpdlStatus
publish_dsn(Job *j, const char *dsn, PpdlError *err)
{
	PpdlDb		db;
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_open(&db, dsn, err));
	status = publish_to(j, &db, err);
	if (status == PPDL_OK && j->a->all_nodes)
		status = ppdl_cluster_each(&db, j->a->yes, "the coordinator has the key", publish_to_node, j, err);
	ppdl_db_close(&db);
	return status;
}

static PpdlStatus
publish(Job *j, PpdlError *err)
{
	const Args *a = j->a;

	PPDL_TRY(ppdl_publication_open(&j->publication, a->file, a->use, a->name, err));
	if (a->dsn.count == 0)
		return publish_dsn(j, NULL, err);
	for (int i = 0; i < a->dsn.count; i++)
		PPDL_TRY(publish_dsn(j, a->dsn.item[i], err));
	return PPDL_OK;
}

int
ppdl_cmd_publish(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "FILE", doc};
	Args		a = {0};
	Job			j = {.a = &a};
	PpdlError	err = {0};
	PpdlStatus	status;

	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = publish(&j, &err);
	ppdl_progress_clear();
	ppdl_publication_close(j.publication);
	ppdl_list_free(&a.dsn);
	return status == PPDL_OK ? PPDL_EXIT_OK : ppdl_fail(&err);
}
