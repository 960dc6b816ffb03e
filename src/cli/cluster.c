#include "cli/cluster.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* connects as `like` did, but to another host and port */
static PpdlStatus
open_node(PpdlDb *db, const PpdlDb *like, const char *host, const char *port, PpdlError *err)
{
	PQconninfoOption *info = PQconninfo(like->conn);
	const char *keys[64],
			   *values[64];
	int			n = 0;

	memset(db, 0, sizeof *db);
	for (PQconninfoOption *o = info; o && o->keyword && n < 60; o++)
	{
		const char *v = strcmp(o->keyword, "host") == 0 ? host : strcmp(o->keyword, "port") == 0 ? port : o->val;

		if (v == NULL || strcmp(o->keyword, "hostaddr") == 0)
			continue;
		keys[n] = o->keyword;
		values[n++] = v;
	}
	keys[n] = values[n] = NULL;
	db->conn = PQconnectdbParams(keys, values, 0);
	PQconninfoFree(info);
	if (db->conn && PQstatus(db->conn) == CONNECTION_OK)
		return PPDL_OK;
	ppdl_db_error(db, NULL, err);
	return ppdl_error_detail(err, PPDL_ERR_IO, "This is node %s, port %s, of the cluster.", host, port);
}

/* one host name or directory of sockets, which shows on a terminal as what it is */
static int
is_plain(const char *host)
{
	for (const char *p = host; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == ',')
			return 0;
	return host[0] != 0;
}

/* The coordinator says where the nodes are; the user says whether these hosts may have the password. */
static PpdlStatus
ask_about_nodes(PpdlDb *db, const PGresult *nodes, int yes, const char *left_out, PpdlError *err)
{
	char		answer[16] = "";
	FILE	   *terminal;

	for (int r = 0; r < PQntuples(nodes); r++)
		if (!is_plain(PQgetvalue(nodes, r, 0)))
			return ppdl_server_error(err, "the name of node %d of the cluster is not that of one host", r + 1);
	if (yes || PQntuples(nodes) == 0)
		return PPDL_OK;
	terminal = fopen("/dev/tty", "r+");
	if (terminal == NULL)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT,
				   "--all-nodes would send the credentials of user \"%s\" to %d hosts that the coordinator names",
				   PQuser(db->conn), PQntuples(nodes));
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "There is no terminal to ask on. Look at pg_dist_node, then say --yes.");
	}
	fprintf(terminal, "The coordinator names these nodes:\n");
	for (int r = 0; r < PQntuples(nodes); r++)
		fprintf(terminal, "  %s, port %s\n", PQgetvalue(nodes, r, 0), PQgetvalue(nodes, r, 1));
	fprintf(terminal, "Connect to them as user \"%s\", with the same password? [y/N] ", PQuser(db->conn));
	fflush(terminal);
	if (fgets(answer, sizeof answer, terminal) == NULL)
		answer[0] = 0;
	fclose(terminal);
	if (answer[0] == 'y' || answer[0] == 'Y')
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "the nodes of the cluster were left out; %s", left_out);
}

PpdlStatus
ppdl_cluster_each(PpdlDb *db, int yes, const char *left_out, PpdlNodeWork work, void *arg, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status;

	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT to_regclass('pg_dist_node') IS NOT NULL", 0, NULL));
	if (PQgetvalue(res, 0, 0)[0] != 't')
	{
		PQclear(res);
		return ppdl_server_error(err, "database \"%s\" is no Citus coordinator: it has no pg_dist_node",
								 PQdb(db->conn));
	}
	PQclear(res);
	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary' "
						 "AND groupid <> 0 ORDER BY 1, 2", 0, NULL));
	status = ask_about_nodes(db, res, yes, left_out, err);
	for (int r = 0; r < PQntuples(res) && status == PPDL_OK; r++)
	{
		PpdlDb		node;

		status = open_node(&node, db, PQgetvalue(res, r, 0), PQgetvalue(res, r, 1), err);
		if (status == PPDL_OK)
			status = work(arg, &node, err);
		ppdl_db_close(&node);
	}
	PQclear(res);
	return status;
}
