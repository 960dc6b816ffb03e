/*
 * What a database holds for its owners: keys, encrypted columns, models that fit them, cache, trainings to resume.
 */
#ifndef PPDL_CLI_STATUS_H
#define PPDL_CLI_STATUS_H

#include <jansson.h>

#include "cli/args.h"
#include "cli/database.h"

/*
 * ours: key files, secret or public, whose keys are marked as ours.  An object: server, extension, keys, columns,
 * cache, trainings (doc/cli-reference.md).
 */
PpdlStatus	ppdl_status_gather(json_t **out, PpdlDb *db, const PpdlList *ours, PpdlError *err);

#endif
