/*
 * What models are called: "name", "name@3", and "name@3#<checksum>", which is one content on all nodes of a cluster or
 * an error.
 */
#include "pg/model.h"

#include <ctype.h>

#include "base/hex.h"
#include "utils/guc.h"

#define CHECKSUM_BYTES 8		/* of the digest, shown */

int			ppdl_require_version = PPDL_REQUIRE_ON_NODES;

void
ppdl_model_parse_ref(const char *ref, char name[PPDL_MODEL_NAME], int *version)
{
	const char *at = strchr(ref, '@');
	size_t		len = at != NULL ? (size_t) (at - ref) : strlen(ref);
	bool		good = len > 0 && len < PPDL_MODEL_NAME;

	for (size_t i = 0; good && i < len; i++)
		good = isalnum((unsigned char) ref[i]) || strchr("_.-", ref[i]) != NULL;
	if (!good)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid model name \"%s\"", ref),
				 errhint("A name has 1 to 63 letters, digits, \"_\", \".\" or \"-\"; "
						 "a version may follow it, as in \"name@3\".")));
	memcpy(name, ref, len);
	name[len] = '\0';
	*version = 0;
	if (at != NULL)
	{
		char	   *end;
		long		v = strtol(at + 1, &end, 10);

		if (!isdigit((unsigned char) at[1]) || *end != '\0' || v < 1 || v > PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid model version in \"%s\"", ref),
					 errhint("Versions are whole numbers from 1, as in \"name@3\".")));
		*version = (int) v;
	}
}

void
ppdl_model_check_ref(const char *ref)
{
	const char *checksum = strchr(ref, '#');
	char		name[PPDL_MODEL_NAME];
	uint8_t		digest[CHECKSUM_BYTES];
	int			version;

	ppdl_model_parse_ref(checksum != NULL ? pnstrdup(ref, checksum - ref) : ref, name, &version);
	if (checksum != NULL && (strlen(checksum + 1) != 2 * CHECKSUM_BYTES ||
							 !ppdl_hex_read(digest, checksum + 1, CHECKSUM_BYTES)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid checksum of a model in \"%s\"", ref),
				 errhint("ppdl_model_pin() returns name, version and checksum.")));
}

void
ppdl_model_format_ref(const PpdlModel *model, char ref[PPDL_MODEL_REF])
{
	snprintf(ref, PPDL_MODEL_REF, "%s@%d", model->name, model->version);
}

void
ppdl_model_format_pin(const PpdlModel *model, char pin[PPDL_MODEL_PIN])
{
	const int	n = snprintf(pin, PPDL_MODEL_PIN, "%s@%d#", model->name, model->version);

	ppdl_hex_write(pin + n, model->digest, CHECKSUM_BYTES);
}

void
ppdl_model_check_pin(const PpdlModel *model, const char *ref)
{
	char		pin[PPDL_MODEL_PIN];

	ppdl_model_format_pin(model, pin);
	if (strcmp(strchr(pin, '#'), strchr(ref, '#')) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" has other contents here: \"%s\"", ref, pin),
				 errhint("\"ppdl model sync\" brings models from one database to others.")));
}

void
ppdl_model_mismatch(const char *a, const char *b)
{
	size_t		n = strcspn(a, "@");

	if (n == strcspn(b, "@") && memcmp(a, b, n) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows of an aggregate were given to different versions of model \"%.*s\"", (int) n, a),
				 errdetail("Some were given to \"%s\", others to \"%s\".", a, b),
				 errhint("Name one version. On a cluster, "
						 "\"ppdl model sync\" makes the models of all nodes the same.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("all rows of an aggregate must name the same model"),
			 errdetail("One row names \"%s\", another one \"%s\".", a, b)));
}

/* does this session work on a part of a query for the coordinator of a Citus cluster? */
static bool
is_node_session(void)
{
	return application_name != NULL && strncmp(application_name, "citus_internal", 14) == 0;
}

void
ppdl_model_check_named(const PpdlModel *model, const char *ref)
{
	char		pin[PPDL_MODEL_PIN];

	if (ppdl_require_version == PPDL_REQUIRE_NEVER || strpbrk(ref, "@#") != NULL ||
		(ppdl_require_version == PPDL_REQUIRE_ON_NODES && !is_node_session()))
		return;
	ppdl_model_format_pin(model, pin);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model \"%s\" must be named with its version here", ref),
			 errdetail(ppdl_require_version == PPDL_REQUIRE_ALWAYS ?
					   "The setting ppdl.require_version is on; the default version is \"%s\"." :
					   "Other nodes of the query may have other default versions; here it is \"%s\".", pin),
			 errhint("Name a version, as in \"%s@%d\", or ask ppdl_model_pin() once for name, version and checksum.",
					 model->name, model->version)));
}
