#include "pg/pinned.h"

#include <stddef.h>

/* all that nobody uses but the first */
static void
trim(PpdlPinnedList *list)
{
	for (PpdlPinned **at = &list->first; *at != NULL;)
	{
		PpdlPinned *item = *at;

		if (item == list->first || item->pins > 0)
		{
			at = &item->next;
			continue;
		}
		*at = item->next;
		list->destroy(item);
	}
}

void
ppdl_pin(PpdlPinnedList *list, PpdlPinned *item)
{
	PpdlPinned **at = &list->first;

	while (*at != NULL && *at != item)
		at = &(*at)->next;
	if (*at != NULL)
		*at = item->next;
	item->next = list->first;
	list->first = item;
	item->pins++;
	trim(list);
}

void
ppdl_unpin(PpdlPinnedList *list, PpdlPinned *item)
{
	item->pins--;
	trim(list);
}
