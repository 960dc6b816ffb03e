/* A model's encrypted weights, decrypted by their owner. */
#ifndef PPDL_CLI_MODEL_DECRYPT_H
#define PPDL_CLI_MODEL_DECRYPT_H

#include "base/error.h"

/* spec: the network; cipher: a JSON array of the base64 text that lies in the table; *out: a JSON array of plain weights, malloc'ed */
PpdlStatus	ppdl_model_decrypt(char **out, const char *key, const char *passphrase_file, const char *spec, const char *cipher, PpdlError *err);

#endif
