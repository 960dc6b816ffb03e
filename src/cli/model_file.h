/* A model file with plain weights, as `ppdl model export` writes it: the owner's copy. */
#ifndef PPDL_CLI_MODEL_FILE_H
#define PPDL_CLI_MODEL_FILE_H

#include "net/net.h"

/*
 * *net with its weights; *name: name, or name@version where the file has both, malloc'ed, NULL where it has none.
 * PPDL_ERR_FORMAT, naming the file, also for one with encrypted weights.
 */
PpdlStatus	ppdl_model_file_load(PpdlNet **net, char **name, const char *path, PpdlError *err);

#endif
