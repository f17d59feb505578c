// Package pt2 reads networks from the files of PyTorch's torch.export.save.
//
// Such a file is a zip archive of JSON, which lists the operations of the forward
// pass with sizes that may depend on the batch, and of the raw bytes of the
// parameters under their names in the state_dict. Nothing of it is executed, and
// pickles in it are not read. The result is a program of package aten, with the
// values of its parameters and buffers.
//
// Files of PyTorch 2.13 to 2.15 are known to be read, both of torch.export.export
// and after run_decompositions.
package pt2

// exportLine is how a model is exported so that this package can read it.
const exportLine = `ep = torch.export.export(model.eval(), (x,), dynamic_shapes=({0: torch.export.Dim("batch")},)); torch.export.save(ep, "model.pt2")`
