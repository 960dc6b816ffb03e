/*
 * A file in another character set, read as UTF-8 byte by byte (iconv).
 */
#ifndef PPDL_TABLE_RECODE_H
#define PPDL_TABLE_RECODE_H

#include <stdio.h>

#include "base/error.h"

typedef struct PpdlRecoder PpdlRecoder;

/* charset: a name that iconv knows; PPDL_ERR_ARGUMENT for others.  f stays the caller's. */
PpdlStatus	ppdl_recoder_open(PpdlRecoder **out, FILE *f, const char *charset, PpdlError *err);
void		ppdl_recoder_close(PpdlRecoder *r);	/* wipes; NULL is allowed */
/* a byte, or EOF: at the end, when reading failed (ferror(f)), and before what is no text in this character set */
int			ppdl_recoder_get(PpdlRecoder *r);
/* is what comes next no text in this character set?  *byte: its first */
int			ppdl_recoder_bad(const PpdlRecoder *r, int *byte);

#endif
