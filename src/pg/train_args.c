#include "pg/train_args.h"

#include "utils/jsonb.h"

char *
ppdl_train_options_text(FunctionCallInfo fcinfo)
{
	Jsonb	   *options;

	if (PG_NARGS() < 5 || PG_ARGISNULL(4))
		return NULL;
	options = PG_GETARG_JSONB_P(4);
	return JsonbToCString(NULL, &options->root, VARSIZE(options));
}

void
ppdl_train_without_rows(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there are no rows to train on"),
			 errhint("The table is empty, or a condition leaves nothing of it.")));
}
