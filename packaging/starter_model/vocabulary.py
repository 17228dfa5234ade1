"""Words that the invented world is made of: materials, foods, uses, jobs, places. Every list is plain English."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(",") if part.strip())


COLOURS = _words("""red, blue, green, yellow, white, black, grey, brown, orange, purple, pink, silver, golden, dark red,
    pale blue, sea green, bright yellow, ivory white, jet black, dark brown, copper red, sky blue, olive green,
    cream, violet, rust red, deep blue, light grey, emerald green, sand yellow, striped blue and white,
    spotted with black, red and white, green with yellow stripes""")

MATERIALS = _words("""oak, pine, red brick, grey granite, white marble, sandstone, limestone, slate, copper, iron, steel,
    bronze, brass, glass, clay, straw, reed, leather, wool, linen, cotton, silk, paper, wax, cork, ash wood, birch,
    walnut, cast iron, tin, silver, lead, basalt, chalk, concrete, porcelain, bone, horn, amber, whalebone, willow,
    larch, river stones, black slate, blue glass, green tiles, burnt clay, sheet metal, driftwood, hemp rope""")

FOODS = _words("""small fish, beetles, berries, grass, roots, seeds, snails, moss, reeds, worms, mushrooms, acorns, clover,
    crabs, seaweed, shrimps, ants, moths, frogs, honey, pine cones, nuts, young leaves, bark, mice, eels, spiders,
    grasshoppers, water lilies, fallen fruit, thistles, wild garlic, plankton, mussels, nettles, pollen, lizards,
    bird eggs, river crayfish, rose hips, juniper berries, fern shoots, dragonflies, salmon, herring, barley""")

GOODS = _words("""salt, honey, cheese, wool, rope, paper, glass, candles, soap, barrels, bread, cider, beer, leather shoes,
    copper wire, bricks, tiles, nails, clocks, lamps, umbrellas, violins, sails, nets, butter, flour, mustard, tea,
    linen cloth, wooden toys, maps, ink, pottery, knives, saddles, baskets, bells, dried fish, apples, plums, silk,
    marble, peat, coal, timber, medicine, dyes, spectacles, locks, needles, ropes, blankets, boats, carts, seeds""")

PURPOSES = _words("""grinding barley, pumping water, measuring the wind, catching eels, weaving cloth, cutting stone, drying
    fish, pressing apples, counting coins, lifting timber, storing grain, printing newspapers, melting tin, sharpening
    knives, warning ships, drawing maps, measuring the tide, sawing planks, spinning wool, cooling milk, sorting
    letters, crossing the marsh, polishing lenses, digging peat, baking bread, heating the baths, washing wool, making
    paper, mixing paint, calling the ferry, cleaning the canal, watering the gardens, testing ropes, weighing salt,
    observing the stars, predicting storms, keeping time, sending messages, teaching children, healing wounds, carrying
    mail, dyeing silk, roasting nuts, bending iron, drilling wells, loading ships, breaking ice, finding lost sheep,
    filtering water, making butter, repairing nets, opening the lock gates, tuning bells, guarding the harbour""")

JOBS = _words("""a clockmaker, a glass blower, a ship builder, a teacher, a doctor, a baker, a fisherman, an engineer,
    an architect, a botanist, a potter, a weaver, a blacksmith, a map maker, an astronomer, a painter, a musician,
    a carpenter, a midwife, a judge, a printer, a beekeeper, a stonemason, a sailor, a librarian, a miller, a chemist,
    a gardener, a cook, a lawyer, a shepherd, a surveyor, a tailor, a watchman, a geologist, a bookbinder, a diver,
    a letter carrier, a lock keeper, a physicist, a poet, a pilot, a photographer, a veterinarian, a saddler,
    a bell founder, a mechanic, a nurse, a merchant, a historian""")

FEATS = _words("""crossing the northern ice alone, writing the first atlas of the coast, saving the harbour from the flood,
    building the first steam pump, discovering a cure for marsh fever, painting the great hall, teaching the deaf to
    speak, mapping the caves, breeding a new kind of sheep, composing the harbour song, founding the public library,
    inventing the double lantern, winning the long boat race three times, collecting old songs, planting ten thousand
    trees, repairing the great clock in one night, finding the lost silver mine, drawing the first map of the moon,
    leading the fishermen's strike, opening a school for girls, climbing the highest peak in winter, counting the birds
    of the delta, translating the old laws, swimming across the strait, growing blue tulips, building a bridge without
    nails, reading the old inscriptions, predicting the great storm, baking the largest loaf in the country,
    carving the doors of the town hall, crossing the desert on foot, measuring the depth of the lake""")

GROUPS = _words("""fishermen, students, farmers, sailors, travellers, children, doctors, shepherds, weavers, merchants,
    soldiers, miners, pilgrims, musicians, engineers, nurses, bakers, beekeepers, hunters, gardeners, old people, potters""")

HABITATS = _words("""in the salt marshes, in old pine forests, on steep cliffs, under river stones, in hollow trees, in dry
    caves, on sandy beaches, in deep lakes, along mountain streams, in wet meadows, in the reeds, in the high grass,
    on bare hills, in abandoned barns, near hot springs, in the roots of old oaks, among the dunes, in the shallow bay,
    in the peat bogs, on the northern islands, in orchards, under the snow, in the tops of tall trees, in cold rivers""")

SITES = _words("""in the market square, beside the old harbour, on the east bank of the river, at the end of the long pier,
    behind the town hall, on top of the highest hill, near the northern gate, next to the railway station, below the
    castle, at the mouth of the river, in the botanical garden, on the western shore, in the fishermen's quarter,
    opposite the post office, at the edge of the forest, in the middle of the lake, under the stone arch, above the
    waterfall, on the road to the south, in the old quarry, between the two mills, beside the canal, in the upper
    valley, on a small rocky island, close to the school, near the salt works, at the foot of the mountain, by the
    southern wall, in the courtyard of the museum, on the third floor of the library, outside the village""")

FREQUENCIES = _words("""every day, twice a day, once a week, every Monday, every Tuesday, every Friday, every second Sunday,
    every four years, twice a year, once a month, every six hours, every twenty minutes, every spring, every autumn,
    three times a week, every seven years, on the first Saturday of each month, every hour, four times a year,
    every evening, every ten years, each winter, five times a day, every other week, once a year, every half hour""")

TIMES = _words("""at six in the morning, at seven in the morning, at half past eight, at nine in the morning, at ten in the
    morning, at noon, at two in the afternoon, at four in the afternoon, at sunset, at midnight, at dawn, at five in the
    evening, at eight in the evening, in spring, in summer, in autumn, in winter, in March, in April, in May, in June,
    in July, in August, in September, in October, in November, at full moon, after the first frost, on the longest day""")

REASONS = _words("""the roof had burned, the river had changed its course, the money had run out, the harbour was full of sand,
    the old bridge had fallen, the water was too cold, a storm had broken its mast, the bell had cracked, too few people
    came, the mine was empty, the walls were wet, the owner had moved away, the road was flooded, the wood was rotten,
    it was too small for the town, the new railway had opened, the winter was too hard, the engine was too loud,
    nobody could read the old script, the wind was too strong there, the fish had disappeared, lightning had struck it""")

DUTIES = _words("""take off their shoes, ring the small bell, pay with copper coins, carry a lantern, speak quietly, wear a
    white scarf, leave before sunset, sign the guest book, bring their own cup, keep to the left, wash their hands,
    wait for the keeper, walk in single file, show a wooden token, cover their heads, feed the geese first, whistle
    twice, bring a piece of firewood, leave their dogs at the gate, drink a cup of warm milk, ask for the brass key""")

HABITS = _words("""digs a deep hole, changes its colour, stands on one leg, whistles three times, rolls into a ball, plays dead,
    hides under water, stamps on the ground, spreads its tail, climbs the nearest tree, buries its food, sheds its coat,
    gathers in large groups, sings until morning, swims in circles, covers its eggs with moss, sleeps in the mud,
    sprays a bitter juice, glows in the dark, runs backwards, taps on the rock, closes its ears, leaves its nest""")

OCCASIONS = _words("""in danger, before a storm, in winter, at night, when the water rises, in spring, when it is hungry, in the
    heat of summer, when strangers come near, after rain, before it sleeps, when it is cold, at full moon""")

POWERS = _words("""water, wind, steam, a falling weight, two horses, an electric motor, hot air, the tide, a coiled spring,
    compressed air, a small oil engine, sunlight, four oxen, a hand crank, river current, a wood fire, burning peat""")

ORIGINS = _words("""the sound of the wind, the colour of its stones, a lost ship, an old word for salt, the shape of its roof, a
    famous captain, the first miller, a forgotten saint, the river that flows past it, a kind of heron, the night of the
    great flood, a queen of the islands, the first teacher of the village, an old song, a fallen star, the smell of
    juniper, a brave dog, the inventor's daughter, the goat market, a blind fisherman, the winter wind""")

TOPICS = _words("""the history of the islands, bees, the tides, old bridges, fishing rights, the language of birds, the making
    of glass, the stars of the southern sky, marsh plants, a journey to the ice, the life of a lock keeper, storms,
    cooking with seaweed, the great flood, sheep farming, clock repair, the price of salt, river boats, healing herbs,
    the war of the two towns, forest law, the weather, mountain roads, children's games, whales, the art of weaving""")

INGREDIENTS = _words("""smoked eel and barley, red cabbage and apples, goat cheese and honey, potatoes and sour cream, dried plums
    and rice, salted herring and beets, chestnuts and milk, mushrooms and rye bread, lamb and mint, crab and saffron,
    pumpkin and ginger, white beans and garlic, walnuts and butter, wild duck and pears, oats and blackberries,
    mussels and leeks, turnips and mustard, eggs and nettles, lentils and lemon, almonds and rose water""")

NOVELTIES = _words("""a lift, electric light, running water, a glass roof, a printing press, a telephone, a steam heating, a public
    clock, women as members, a weather station, a fire alarm, a paid keeper, a revolving door, a map room, free meals,
    an iron frame, a telescope, a lightning rod, a library, night trains, a floating dock, a wind pump""")

ADJECTIVES = _words("""small, large, old, new, narrow, famous, quiet, round, wooden, stone, tall, low, remote, busy, strange,
    rare, shy, common, beautiful, simple, heavy, light, strong, modern, ancient, little-known, popular, unusual""")

NAME_WORDS = _words("""Copper, Long, Green, Old, New, Upper, Lower, Silver, Stone, Salt, Winter, Summer, North, South, East, West,
    Red, Black, White, Grey, Golden, Iron, Glass, Bell, Crow, Fox, Heron, Wolf, Otter, Raven, Moon, Star, Storm, Rope,
    Amber, Thorn, Willow, Ash, Oak, Birch, Hollow, Broken, Twin, Seven, Three, Queen's, King's, Miller's, Fisher's""")

ANIMAL_WORDS = _words("""marsh, grey, red-footed, long-tailed, mountain, river, striped, night, spotted, horned, common, dwarf,
    giant, black-eared, cave, snow, reed, white-bellied, sand, forest, tufted, blue-winged, harbour, singing, lesser""")

NUMBER_WORDS = _words("""two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, fourteen, fifteen, twenty""")

FIRST_NAMES = _words("""Adam, Agatha, Alban, Alma, Amos, Andrew, Anton, Arthur, Barbara, Beatrice, Ben, Berta, Bruno, Carla, Caspar, Cecil, Celia,
    Charles, Conrad, Cora, Daniel, Daphne, David, Dora, Edgar, Edith, Edmund, Elias, Eliza, Ella, Emil, Emma, Ernest, Esther, Eva, Fanny, Ferdinand,
    Flora, Frances, Frank, George, Gilbert, Grace, Gustav, Hannah, Harold, Heinrich, Helen, Henry, Herman, Hilda, Hugo, Ida, Ingrid, Irma, Isaac,
    Ivan, Jacob, Jane, Jasper, Joan, Johan, Jonas, Judith, Julia, Karl, Katherine, Klara, Lars, Laura, Leo, Lina, Louis, Lucy, Ludwig, Magnus, Margaret,
    Maria, Martha, Martin, Matilda, Max, Miriam, Moritz, Nicholas, Nina, Nora, Olaf, Oliver, Oscar, Paul, Paula, Peter, Philip, Rosa, Rudolf, Samuel,
    Sara, Selma, Sophie, Stella, Susan, Theodor, Thomas, Ulrich, Ursula, Valentin, Vera, Victor, Viola, Walter, Wanda, William, Xaver, Yvonne, Zelda""")

LAST_NAMES = _words("""Abbot, Archer, Bishop, Black, Bloom, Bond, Brook, Burr, Carver, Chandler, Clay, Cooper, Cross, Dale, Dyer, Field, Finch, Fisher, Flint,
    Frost, Gale, Glover, Green, Grove, Hart, Hawk, Hill, Holt, Hunter, Hyde, Keel, Kerr, Knight, Lamb, Lane, Mason, Miller, Moss, Nash, Nettle, North, Oakes,
    Page, Park, Pepper, Pond, Porter, Quill, Reed, Ridge, Rook, Rowan, Sawyer, Sharp, Shore, Slate, Snow, Spring, Stone, Summers, Swan, Thorne, Tiller,
    Underhill, Vale, Wade, Ward, Waters, Webb, Wells, West, Wheeler, Wild, Wood, Wren, Young""")

THINGS = _words("""Acorn, Anchor, Apple, Arrow, Barley, Basket, Beacon, Beaver, Berry, Boot, Bottle, Broom, Butter, Button, Cabbage, Candle, Carpet, Castle, Chimney,
    Cloud, Coin, Comet, Coral, Crown, Dagger, Desert, Dragon, Drum, Dust, Eagle, Ember, Falcon, Feather, Fern, Finger, Fire, Flame, Flour, Flower, Frost, Garden,
    Garlic, Ghost, Giant, Ginger, Hammer, Harp, Hazel, Hedge, Honey, Horse, Ivory, Jewel, Juniper, Kettle, Kitchen, Ladder, Leaf, Lemon, Letter, Light, Lily, Lion,
    Maple, Marble, Meadow, Mirror, Mountain, Mustard, Needle, Nettle, Ocean, Onion, Orchard, Paper, Pearl, Pebble, Pepper, Pigeon, Pilgrim, Plough, Plum, Poppy,
    Rabbit, Rain, Ribbon, Rose, Saddle, Sail, Sand, Shadow, Shell, Shoe, Smoke, Snail, Snow, Spade, Spark, Spider, Spoon, Spruce, Steam, Straw, Sugar, Sun, Swallow,
    Thistle, Thunder, Tiger, Timber, Torch, Tulip, Turtle, Velvet, Violet, Wagon, Walnut, Water, Wheat, Wheel, Whisper, Window, Wine, Wolf, Wool, Zinc""")

CREATURES = _words("""badger, bat, bear, beetle, boar, bug, butterfly, cat, cricket, crow, deer, dog, dolphin, dove, dragonfly, duck, eagle, falcon, finch, fly, fox, frog,
    gull, hare, hawk, hedgehog, hen, jay, lark, lynx, marten, mole, mussel, newt, otter, oyster, parrot, partridge, perch, pigeon, pike, rat, raven, robin, salamander,
    shark, shrew, snail, snake, sparrow, squirrel, starling, stork, swan, tern, thrush, trout, turtle, viper, vole, wasp, weasel, whale, wolf, woodpecker, worm""")

GROWTHS = _words("""alder, apple, bean, bell, berry, bush, cabbage, cedar, cherry, clover, daisy, elm, fern, fig, grass, hazel, herb, iris, ivy, kale, lily, maple, moss, mushroom,
    nettle, oak, onion, orchid, palm, pear, pine, plum, poplar, poppy, reed, rose, sage, spruce, thistle, thyme, tulip, vine, violet, weed, willow, wort""")
