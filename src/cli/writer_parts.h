/* Sealed seeds of writers, from public files and from databases. */
#ifndef PPDL_CLI_WRITER_PARTS_H
#define PPDL_CLI_WRITER_PARTS_H

#include "cli/args.h"
#include "owner/writer_parts.h"

struct PpdlDb;

/* of writers' public files: PPDL_ERR_KEY for an owner's */
PpdlStatus	ppdl_writer_parts_files(PpdlWriterParts *w, const PpdlList *files, PpdlError *err);
/* of all writers that a database knows; none where its catalogue is that of 0.1.0 */
PpdlStatus	ppdl_writer_parts_database(PpdlWriterParts *w, struct PpdlDb *db, PpdlError *err);

#endif
