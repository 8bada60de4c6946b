"""Select from blocks of lines those that can matter to the model."""
