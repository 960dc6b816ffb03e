/*
 * The nodes of a Citus cluster, found through its coordinator.
 */
#ifndef PPDL_CLI_CLUSTER_H
#define PPDL_CLI_CLUSTER_H

#include "cli/database.h"

/* what is to be done on a node; the connection stays the caller's */
typedef PpdlStatus (*PpdlNodeWork) (void *arg, PpdlDb *node, PpdlError *err);

/*
 * Connects to each primary node but the coordinator, with the coordinator's user, password and database, and does the
 * work there.  Before that it shows the nodes on the terminal and asks, unless yes.  left_out: what is said of the
 * coordinator after a no.
 */
PpdlStatus	ppdl_cluster_each(PpdlDb *coordinator, int yes, const char *left_out, PpdlNodeWork work, void *arg,
							  PpdlError *err);

#endif
