/* Model files, as `ppdl model export` writes them. */
#ifndef PPDL_CLI_MODEL_FILE_H
#define PPDL_CLI_MODEL_FILE_H

#include <jansson.h>

#include "net/net.h"

/*
 * *root: the file, whose format, version and "spec" are there; the caller's.  PPDL_ERR_FORMAT, PPDL_ERR_VERSION, naming
 * the file.
 */
PpdlStatus	ppdl_model_file_read(json_t **root, const char *path, PpdlError *err);
/* gives net the plain weights of a file; errors do not name it */
PpdlStatus	ppdl_model_file_weights(PpdlNet *net, const json_t *weights, PpdlError *err);

/*
 * The owner's copy of a model: *net with its weights; *name: name, or name@version where the file has both, malloc'ed,
 * NULL where it has none.  PPDL_ERR_FORMAT, naming the file, also for one with encrypted weights.
 */
PpdlStatus	ppdl_model_file_load(PpdlNet **net, char **name, const char *path, PpdlError *err);

#endif
