/*
 * What takes long to make and megabytes to keep, and serves several states: kept while it is in use, and after that
 * until another one is.  An item begins with a PpdlPinned, zeroed before its first pin.
 */
#ifndef PPDL_PG_PINNED_H
#define PPDL_PG_PINNED_H

typedef struct PpdlPinned
{
	int			pins;
	struct PpdlPinned *next;
} PpdlPinned;

typedef struct PpdlPinnedList
{
	PpdlPinned *first;			/* the latest used comes first */
	void		(*destroy) (PpdlPinned *item);
} PpdlPinnedList;

/* puts an item first, new or of the list, and keeps it until as many ppdl_unpin; forgets what else nobody uses */
extern void ppdl_pin(PpdlPinnedList *list, PpdlPinned *item);
extern void ppdl_unpin(PpdlPinnedList *list, PpdlPinned *item);

#endif
