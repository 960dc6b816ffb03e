/*
 * ppdl model sync: the models of one database in others, version by version, with the same contents.
 */
#ifndef PPDL_CLI_MODEL_SYNC_H
#define PPDL_CLI_MODEL_SYNC_H

#include "cli/args.h"
#include "cli/database.h"

typedef struct PpdlModelSync
{
	const char *model;			/* name or name@version; NULL: all */
	PpdlList	to;				/* connection strings */
	int			all_nodes,		/* also to the nodes of the Citus cluster of the source */
				yes,			/* without asking */
				replace;		/* what is different there goes, versions that the source lacks, too */
} PpdlModelSync;

/* Each database in a transaction of its own; a line of output each. */
PpdlStatus	ppdl_model_sync(PpdlDb *source, const PpdlModelSync *sync, PpdlError *err);

#endif
