/*
 * A public key file on its way into databases: the parts that a use needs and that the server lacks.
 */
#ifndef PPDL_CLI_PUBLISH_H
#define PPDL_CLI_PUBLISH_H

#include <stdint.h>

#include "cli/database.h"

typedef struct PpdlPublication PpdlPublication;

typedef struct PpdlPublished
{
	const char *key_id,			/* texts are the publication's, until it is sent again or closed */
			   *name,			/* that the key has in that database */
			   *owner_id;		/* whose writer's it is, or "" */
	int			parts;			/* that were sent */
	uint64_t	bytes;
} PpdlPublished;

/*
 * use: a PpdlUse, or 0 for all that the file serves; name: to publish under, or NULL for the key's own.  file and name
 * must live on.  PPDL_ERR_KEY for a secret key, and for a file that does not serve the use.
 */
PpdlStatus	ppdl_publication_open(PpdlPublication **out, const char *file, int use, const char *name, PpdlError *err);
/* a part is sent in a transaction of its own: after a failure, what is missing can be sent again */
PpdlStatus	ppdl_publication_send(PpdlPublication *p, PpdlDb *db, PpdlPublished *done, PpdlError *err);
void		ppdl_publication_close(PpdlPublication *p);	/* NULL is allowed */

#endif
