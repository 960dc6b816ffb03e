/*
 * Stored models: rows of ppdl_models, and what a backend keeps of them.
 */
#ifndef PPDL_PG_MODEL_H
#define PPDL_PG_MODEL_H

#include "pg/ppdl.h"
#include "net/net.h"
#include "utils/array.h"

#define PPDL_MODEL_NAME 64		/* bytes of a name, with its zero */
#define PPDL_MODEL_REF 80		/* bytes of name@version */
#define PPDL_MODEL_PIN 96		/* bytes of name@version#checksum */

/* ppdl.require_version: when must a model be named with its version? */
typedef enum PpdlRequireVersion
{
	PPDL_REQUIRE_NEVER,
	PPDL_REQUIRE_ON_NODES,		/* in sessions that work for the coordinator of a Citus cluster */
	PPDL_REQUIRE_ALWAYS
} PpdlRequireVersion;
extern int	ppdl_require_version;

/* One version of a model; stays valid as long as it is pinned. */
typedef struct PpdlModel
{
	char		name[PPDL_MODEL_NAME];
	int			version;
	PpdlNet    *net;			/* with weights, unless there are none or they are encrypted */
	bool		encrypted;		/* its weights are ciphertexts of key key_id */
	char		key_id[17];
	uint8_t		digest[32];		/* SHA-256 of all that is stored; the same in all databases that have it */
	void	   *predictors;		/* owned by predict_cache.c */
	struct PpdlModelEntry *entry;
} PpdlModel;

/* "name" or "name@3" -> name and version (0: the default one); reports what is not a name */
extern void ppdl_model_parse_ref(const char *ref, char name[PPDL_MODEL_NAME], int *version);
/* reports what cannot name a model: "name", "name@3", "name@3#<checksum>" */
extern void ppdl_model_check_ref(const char *ref);
/* "name@version" */
extern void ppdl_model_format_ref(const PpdlModel *model, char ref[PPDL_MODEL_REF]);
/* "name@version#checksum", the checksum being a part of the digest */
extern void ppdl_model_format_pin(const PpdlModel *model, char pin[PPDL_MODEL_PIN]);
/* raises unless the model has the checksum in ref, which has one */
extern void ppdl_model_check_pin(const PpdlModel *model, const char *ref);
/* raises for two pins or names that were to be the same */
extern void ppdl_model_mismatch(const char *a, const char *b) PPDL_NORETURN;
/* raises where the setting asks for a version and ref, by which the model was found, has none */
extern void ppdl_model_check_named(const PpdlModel *model, const char *ref);

/*
 * Finds a model with the caller's rights and the active snapshot; pinned until `context` is reset.  Unknown models
 * are errors, and one that has not the checksum in ref.
 */
extern PpdlModel *ppdl_model_open(const char *ref, MemoryContext context);
/* the same for argument `arg` of a function call, found once a statement (fn_extra) */
extern PpdlModel *ppdl_model_argument(FunctionCallInfo fcinfo, int arg);
/*
 * The encoding of the model and of rows of `encoding` (rows/encoding.h; 0: not known): the one that is known.  Raises
 * when they are two.
 */
extern uint64_t ppdl_model_join_encoding(const PpdlModel *model, uint64_t encoding);
/* raises unless the model has plain weights */
extern void ppdl_model_require_weights(const PpdlModel *model);

/*
 * raises when this session may not store a version: on a standby, in a read-only transaction, without the right to
 * insert
 */
extern void ppdl_model_check_store(const char *command);

/*
 * adds the next version of a model (the first: it must not exist, else it must); trained: JSON text or NULL. Returns
 * the version.
 */
extern int	ppdl_model_store(const char *name, bool first, const PpdlNet *net, const char *trained);

/* the same with encrypted weights, an lwe_cipher, of the shape of net */
extern int	ppdl_model_store_encrypted(const char *name, const PpdlNet *net, struct varlena *weights,
									   const char *key_id,
									   const char *trained);
/* what a name without version means from now on; raises if there is no such version with weights */
extern void ppdl_model_set_default(const char *name, int version);
/* the encrypted weights of a model that has them, an lwe_cipher (palloc'ed) */
extern struct varlena *ppdl_model_encrypted_weights(const PpdlModel *model);
/* a network of the model's shape, without weights; destroyed with context */
extern PpdlNet *ppdl_model_untrained(const PpdlModel *model, MemoryContext context);

/* called when an entry is thrown away */
extern void ppdl_predictors_destroy(void *predictors);

/* float8[] argument -> inputs values; reports a wrong dimension, length or NULL. what: "features", "label" */
extern const double *ppdl_float8_vector(ArrayType *array, int want, const char *what);

#endif
