#include "pg/ppdl.h"
#include "pg/model.h"
#include "pg/owner_session.h"

#include "base/version.h"
#include "utils/guc.h"

PPDL_MODULE_MAGIC;

#define PPDL_MOST_THREADS 256	/* of a pool */

int			ppdl_threads_setting = 0;
int			ppdl_max_threads = 0;

static const struct config_enum_entry require_version[] = {
	{"off", PPDL_REQUIRE_NEVER, false}, {"nodes", PPDL_REQUIRE_ON_NODES, false}, {"on", PPDL_REQUIRE_ALWAYS, false},
	{NULL, 0, false}
};

void		_PG_init(void);

static void
assign_owner_mode(bool newval, void *extra)
{
	if (!newval)
		ppdl_owner_session_forget();
}

void
_PG_init(void)
{
	DefineCustomBoolVariable("ppdl.owner_mode",
							 "Allows the SQL functions that take a secret key.",
							 "For a database on the owner's own machine and for tests: a server that "
							 "others run must never see a secret key.",
							 &ppdl_owner_mode, false, PGC_SUSET, 0, NULL, assign_owner_mode, NULL);
	DefineCustomIntVariable("ppdl.threads",
							"Threads that training and bootstrapping may use.",
							"0 takes as many as there may be: ppdl.max_threads, or the processors.",
							&ppdl_threads_setting, 0, 0, PPDL_MOST_THREADS, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("ppdl.max_threads",
							"The most threads that ppdl.threads may ask for.",
							"0 allows as many as there are processors.",
							&ppdl_max_threads, 0, 0, PPDL_MOST_THREADS, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("ppdl.require_version",
							 "When prediction and training must be given a model's name with its version.",
							 "\"nodes\": in sessions that work for the coordinator of a Citus cluster, whose nodes may "
							 "have different default versions.",
							 &ppdl_require_version, PPDL_REQUIRE_ON_NODES, require_version,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("ppdl");
}
