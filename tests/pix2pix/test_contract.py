from synthkit import testing

test_contract = testing.contract("pix2pix", small={"pix2pix/unet": {"channels": 4, "downsamples": 3}})
