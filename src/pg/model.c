#include "pg/model.h"

#include "rows/encoding.h"

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

uint64_t
ppdl_model_join_encoding(const PpdlModel *model, uint64_t encoding)
{
	char		mine[PPDL_ENCODING_SIZE],
				other[PPDL_ENCODING_SIZE];

	if (model->net->encoding == 0 || model->net->encoding == encoding)
		return encoding;
	if (encoding == 0)
		return model->net->encoding;
	ppdl_encoding_print(mine, model->net->encoding);
	ppdl_encoding_print(other, encoding);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("model \"%s\" version %d and its rows are in two encodings, %s and %s", model->name, model->version,
					mine, other),
			 errdetail("They were encoded with different feature files, so that one number means different things in "
					   "them."),
			 errhint("Encrypt the rows with the model's feature file, or make and train a model for theirs. "
					 "\"ppdl inspect\" shows the encoding of a feature file, row or model.")));
}
