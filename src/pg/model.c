#include "pg/model.h"

void
ppdl_model_require_weights(const PpdlModel *model)
{
	if (model->encrypted)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the weights of model \"%s\" version %d are encrypted", model->name, model->version),
				 errdetail("They belong to key %s.", model->key_id)));
	if (ppdl_net_check_trained(model->net, NULL) != PPDL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" version %d has no weights yet", model->name, model->version),
				 errhint("Train it with ppdl_train(), or give the weights to ppdl_create_model().")));
}
